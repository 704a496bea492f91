import type {
  BackfillActivities,
  EmbeddingActivities,
} from '../../../workflows/contracts/backfill/activities.ts';
import type { PartitionBounds } from '../../../workflows/contracts/backfill/source.ts';

export interface ScaleCorpus {
  records: number;
  pageRecords: number;
  partitionPages: number;
}

/** What the activities saw. */
export interface ScaleCounts {
  embeddedRecords: number;
  writtenRecords: number;
  closedPartitions: number;
}

const digest = 'c0ffee'.padEnd(64, '0');
const chunksARecord = 2;

/**
 * Activities of a host that do nothing but count, so that a run shows what Temporal and the
 * workflows cost: cursors as long as a file's, the plan, page and write results of real ones.
 */
export function createCountingActivities(corpus: ScaleCorpus): {
  counts: ScaleCounts;
  activities: object;
} {
  const { records, pageRecords, partitionPages } = corpus;
  const counts: ScaleCounts = { embeddedRecords: 0, writtenRecords: 0, closedPartitions: 0 };
  const partitionRecords = pageRecords * partitionPages;
  const partitions = Array.from({ length: Math.ceil(records / partitionRecords) }, (_, index) => {
    const from = index * partitionRecords;
    const to = Math.min(records, from + partitionRecords);
    return {
      ...{ index, from: cursorAt(from), records: to - from },
      to: to < records ? cursorAt(to) : null,
    } satisfies PartitionBounds;
  });
  const pageOf = (partition: number, page: number) => {
    const begin = partition * partitionRecords + page * pageRecords;
    const end = Math.min(records, (partition + 1) * partitionRecords, begin + pageRecords);
    const isLast = end >= Math.min(records, (partition + 1) * partitionRecords);
    return { size: end - begin, next: isLast ? null : cursorAt(end) };
  };

  const activities: Partial<BackfillActivities & EmbeddingActivities> & Record<string, unknown> = {
    recordUsage: async () => {},
    clearDevice: async () => {},
    warmModel: async () => ({ path: '/dev/shm/berth/models/scale', contentDigest: digest }),
    planBackfill: async () => ({
      ...{ fingerprint: digest, records, exact: true, partitions, changeToken: null },
      embedding: {
        ...{ contentDigest: digest, pooling: 'mean', normalize: true },
        ...{ dimensions: 384, maxTokens: 256 },
      },
      artifact: `scale@sha256:${digest}`,
    }),
    prepareCollections: async ({ request }) =>
      request.stores.map((store) => ({
        ...{ store, physical: `${request.collection}-v1`, inPlace: false, previous: null },
      })),
    embedPage: async ({ partition, page }) => {
      const { size, next } = pageOf(partition.index, page);
      counts.embeddedRecords += size;
      const chunks = size * chunksARecord;
      return {
        ...{ next, records: size, chunks, tokens: 50 * chunks, embedded: chunks, reused: 0 },
        ...{ failed: {}, seconds: 0 },
      };
    },
    writePage: async ({ partition, page }) => {
      const { size } = pageOf(partition, page);
      counts.writtenRecords += size;
      const written = size * chunksARecord;
      return { written, unchanged: 0, removed: 0, failed: {}, throttled: 0, seconds: 0 };
    },
    closePartition: async () => {
      counts.closedPartitions += 1;
    },
    finishLoad: async () => ({ seconds: 0 }),
    verifyCollection: async () => ({
      ...{ ok: true, points: records * chunksARecord, recall: 1, checks: [], seconds: 0 },
    }),
    switchAlias: async () => ({ previous: null }),
    dropOldCollections: async () => ({ dropped: [] }),
    abandonCollection: async () => {},
    finishBackfill: async () => ({ deadLetters: null, failed: 0 }),
  };
  return { counts, activities };
}

const cursorAt = (record: number): string => JSON.stringify({ byte: 350 * record, record });
