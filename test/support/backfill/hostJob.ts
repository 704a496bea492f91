import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { createBackfillActivities } from '../../../activities/backfill/backfillActivities.ts';
import { createSharedCache } from '../../../activities/embeddings/sharedCache.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { createStores } from '../../../activities/stores/stores.ts';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import type {
  BackfillPlan,
  StoreVerification,
} from '../../../workflows/contracts/backfill/activities.ts';
import type { EmbedPageResult, StoreTarget } from '../../../workflows/contracts/backfill/pages.ts';
import type { BackfillRequest, StoreRef } from '../../../workflows/contracts/backfill/request.ts';
import type { PartitionBounds } from '../../../workflows/contracts/backfill/source.ts';
import { baseRequest } from './pageRig.ts';

export interface CorpusRecord {
  id: string;
  text: string;
  [field: string]: unknown;
}

/** The stack's LanceDB. */
export const lancedb: StoreRef = { kind: 'lancedb', url: null };

/**
 * The host's activities with real files, a real LanceDB and a JSONL corpus, called in the order of the
 * workflow.
 * @param wrap breaks a store on purpose
 */
export function createHostRig(
  folder: string,
  endpointUrl: string,
  wrap: (store: VectorStore) => VectorStore = (store) => store,
) {
  const paths = createPaths(join(folder, 'home'), join(folder, 'shm'));
  mkdirSync(paths.shm, { recursive: true });
  const env = {};
  const stores = createStores({ env, stackUrl: async () => null, home: paths.home });
  const cache = createSharedCache({ paths, env });
  const activities = createBackfillActivities({
    ...{ paths, env, cache },
    config: { sources: [folder] },
    logger: pino({ level: 'silent' }),
    stores: { own: stores.own, use: async (ref) => wrap(await stores.use(ref)) },
    async warmModel() {
      throw new TypeError('these jobs embed by an endpoint');
    },
  });
  const corpus = join(folder, 'corpus.jsonl');
  let jobs = 0;

  const request = (change: Partial<BackfillRequest> = {}): BackfillRequest => ({
    ...baseRequest,
    source: { ...baseRequest.source, location: corpus },
    stores: [lancedb],
    embedder: { kind: 'endpoint', url: endpointUrl, model: 'fake' },
    verification: { ...baseRequest.verification, sample: 20 },
    ...change,
  });

  const fill = async (
    job: Job,
    partitions: readonly PartitionBounds[],
  ): Promise<EmbedPageResult[]> => {
    const { jobId, request: asked, plan, targets } = job;
    const { embedding, artifact } = plan;
    const pages: EmbedPageResult[] = [];
    for (const partition of partitions) {
      for (let page = 0, cursor: string | null = null; ; page += 1) {
        const context = { jobId, request: asked, embedding };
        const made = await activities.embedPage({
          ...{ ...context, artifact, lease: null, modelPath: null, partition, page, cursor },
        });
        pages.push(made);
        for (const target of targets) {
          await activities.writePage({ ...context, target, partition: partition.index, page });
        }
        cursor = made.next;
        if (cursor === null) break;
      }
      await activities.closePartition({ jobId, partition: partition.index });
    }
    return pages;
  };

  const steps = ({ jobId, request: asked, plan, targets }: Job) =>
    targets.map((target) => ({ jobId, request: asked, embedding: plan.embedding, target }));

  return {
    ...{ paths, activities, stores, corpus, request, fill, steps },
    write(records: readonly CorpusRecord[]): void {
      writeFileSync(corpus, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    },
    /** Up to the verification, which is not made. */
    async begin(
      change: Partial<BackfillRequest> = {},
    ): Promise<Job & { pages: EmbedPageResult[] }> {
      const asked = request(change);
      const jobId = (jobs++).toString(16).padStart(32, '0');
      const plan = await activities.planBackfill({ jobId, request: asked });
      const { embedding, artifact } = plan;
      const targets = await activities.prepareCollections({
        ...{ jobId, request: asked, embedding, artifact },
        createdAt: '2026-01-02T03:04:05.000Z',
      });
      const job = { jobId, request: asked, plan, targets };
      const pages = await fill(job, plan.partitions);
      for (const step of steps(job)) await activities.finishLoad(step);
      return { ...job, pages };
    },
    async verify(job: Job): Promise<StoreVerification> {
      const [step] = steps(job);
      return activities.verifyCollection(step!);
    },
    /** Switch and everything behind it. */
    async end(job: Job) {
      const deleted = { records: 0, points: 0 };
      const dropped: string[] = [];
      for (const step of steps(job)) {
        const { store, physical, previous } = step.target;
        const { collection, keepPrevious } = job.request;
        await activities.switchAlias({ store, collection, from: previous, to: physical });
        if (job.request.deleteMissing) Object.assign(deleted, await activities.deleteMissing(step));
        if (step.target.inPlace) continue;
        dropped.push(...(await activities.dropOldCollections({ ...step, keepPrevious })).dropped);
      }
      const { jobId } = job;
      const finished = await activities.finishBackfill({ jobId, request: job.request });
      return { deleted, dropped, finished };
    },
    close: () => Promise.all([stores.close(), cache.close()]),
  };
}

export interface Job {
  jobId: string;
  request: BackfillRequest;
  plan: BackfillPlan;
  targets: StoreTarget[];
}

export const recordsOf = (count: number, from = 0): CorpusRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `record-${from + index}`,
    text: `The ship number ${from + index} lies at its berth while the tide turns.`,
    lang: index % 2 === 0 ? 'en' : 'de',
  }));
