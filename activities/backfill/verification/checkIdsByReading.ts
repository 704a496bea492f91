import type { VerificationCheck } from '../../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../../workflows/contracts/backfill/request.ts';
import { batchIds } from '../batches.ts';
import type { LedgerRecord } from '../ledger.ts';
import { pointId } from '../pointIds.ts';
import { named, nameOf, told } from './namedIds.ts';
import type { VerificationInput } from './verificationInput.ts';

interface Expected {
  recordId: string;
  chunk: number;
  recordDigest: string;
}

/** Points that are asked for while others are: their ids are all that is kept in memory. */
const portion = 10_000;

/**
 * Reads every point of the job by its id, in constant memory: finds what is missing or of another
 * version in a collection of any size. That a new one has nothing else then follows from its count.
 */
export async function checkIdsByReading(input: VerificationInput): Promise<VerificationCheck> {
  const { step, ledger, pulse } = input;
  const store = formatStoreRef(step.target.store);
  const refused = new Set(ledger.refused(store).map(({ recordId }) => recordId));
  const total = ledger.expected(store).points;
  const missing = { count: 0, ids: [] as string[] };
  const stale = { count: 0, ids: [] as string[] };
  const add = (to: typeof missing, point: Expected) => {
    to.count += 1;
    if (to.ids.length < named) to.ids.push(nameOf(point));
  };
  let done = 0;
  for (const expected of portions(ledger.records(), refused)) {
    pulse.signal.throwIfAborted();
    const found = await readDigests(input, expected);
    for (const point of expected) {
      const digest = found.get(idOf(input, point));
      if (digest === undefined) add(missing, point);
      else if (digest !== point.recordDigest) add(stale, point);
    }
    done += expected.length;
    pulse.report({ done, total });
  }
  const wrong = missing.count + stale.count;
  const complaints = [
    told('missing', missing.ids, missing.count),
    told('of another version', stale.ids, stale.count),
  ].filter((part) => part !== '');
  return {
    name: 'ids',
    ok: wrong === 0,
    detail: wrong === 0 ? `all ${done} points of the job are there` : complaints.join(', '),
    value: wrong,
  };
}

const idOf = ({ step }: VerificationInput, { recordId, chunk }: Expected): string =>
  pointId(step.request.source.name, recordId, chunk);

async function readDigests(
  input: VerificationInput,
  expected: readonly Expected[],
): Promise<Map<string, string>> {
  const { store, step, pulse } = input;
  const { physical } = step.target;
  const limits = await store.limits(step.embedding.dimensions);
  const waiting = batchIds(
    expected.map((point) => idOf(input, point)),
    limits,
  );
  const found = new Map<string, string>();
  const reader = async () => {
    for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
      pulse.signal.throwIfAborted();
      for (const point of await store.readPoints(physical, batch, { vectors: false })) {
        found.set(point.id, point.recordDigest);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, limits.parallel) }, reader));
  return found;
}

function* portions(
  records: Iterable<LedgerRecord>,
  refused: ReadonlySet<string>,
): Generator<Expected[]> {
  let some: Expected[] = [];
  for (const { recordId, chunks, recordDigest } of records) {
    if (refused.has(recordId)) continue;
    for (let chunk = 0; chunk < chunks; chunk += 1) some.push({ recordId, chunk, recordDigest });
    if (some.length < portion) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
