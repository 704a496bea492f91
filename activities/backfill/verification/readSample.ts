import { formatStoreRef } from '../../../workflows/contracts/backfill/request.ts';
import type { StoredPoint } from '../../stores/vectorStore.ts';
import { batchIds } from '../batches.ts';
import type { SamplePoint } from '../ledger.ts';
import type { VerificationInput } from './verificationInput.ts';

/** A point as it was written, and as the store gives it back; undefined: it does not. */
export interface ReadSample {
  written: SamplePoint;
  stored: StoredPoint | undefined;
}

/** Reads the ledger's sample back, without what the store refused. */
export async function readSample({
  step,
  store,
  ledger,
  pulse,
}: VerificationInput): Promise<ReadSample[]> {
  const { target, embedding } = step;
  const refused = new Set(
    ledger.refused(formatStoreRef(target.store)).map(({ recordId }) => recordId),
  );
  const sample = ledger.sample().filter(({ recordId }) => !refused.has(recordId));
  const limits = await store.limits(embedding.dimensions);
  const stored = new Map<string, StoredPoint>();
  const ids = sample.map(({ id }) => id);
  for (const batch of batchIds(ids, limits)) {
    pulse.signal.throwIfAborted();
    for (const point of await store.readPoints(target.physical, batch, { vectors: true })) {
      stored.set(point.id, point);
    }
    pulse.report({ done: stored.size, total: sample.length });
  }
  return sample.map((written) => ({ written, stored: stored.get(written.id) }));
}
