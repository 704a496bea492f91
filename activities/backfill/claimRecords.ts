import type { EmbedPageInput } from '../../workflows/contracts/backfill/pages.ts';
import type { RecordFailure } from '../sources/recordSource.ts';
import { recordFailure } from '../sources/records/recordFailure.ts';
import type { VectorRecord } from './joinVectors.ts';
import type { Claimed } from './ledger.ts';
import type { PageRecord } from './pageFile.ts';
import { describePage } from './pageName.ts';
import type { UseLedger } from './useLedger.ts';

type ClaimedRecord = Omit<PageRecord, 'chunks'> & { chunks: VectorRecord['chunks'] };

export interface ClaimedRecords {
  records: ClaimedRecord[];
  duplicates: RecordFailure[];
}

/**
 * Enters a page's records in the ledger and keeps those that are its own. What a later catch-up round
 * has brought in a newer version is left out without a word.
 * @param failures of the page so far
 */
export async function claimRecords(
  useLedger: UseLedger,
  { jobId, request, partition, page }: EmbedPageInput,
  records: readonly VectorRecord[],
  failures: readonly RecordFailure[],
): Promise<ClaimedRecords> {
  const claims = await useLedger(jobId, (ledger) =>
    ledger.claim({
      partition: partition.index,
      page,
      round: partition.round ?? 0,
      sourceName: request.source.name,
      sample: request.verification.sample,
      entries: records.map(({ id, digest, chunks }) => ({
        recordId: id,
        recordDigest: digest,
        chunks,
      })),
      failed: failures.map(({ id }) => ({ recordId: id })),
    }),
  );
  const claimed: ClaimedRecords = { records: [], duplicates: [] };
  for (const [index, record] of records.entries()) {
    const claim = claims[index] as Claimed;
    if (claim.kind === 'claimed') {
      const { id, place, digest, metadata, chunks } = record;
      const { mostChunks, again } = claim;
      claimed.records.push({ id, place, digest, metadata, chunks, mostChunks, again });
    } else if (claim.kind === 'duplicate') {
      const where = `record ${claim.first.position + 1} of ${describePage(claim.first)}`;
      const reason = `its id was read before (${where}); ids have to be unique`;
      const { id, place, text } = record;
      claimed.duplicates.push(recordFailure('duplicate-id', place, reason, text, id));
    }
  }
  return claimed;
}
