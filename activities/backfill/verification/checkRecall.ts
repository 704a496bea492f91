import pLimit from 'p-limit';
import type { VerificationCheck } from '../../../workflows/contracts/backfill/activities.ts';
import { createNearest, type Neighbour, neighboursKept, type RecallQuery } from './nearest.ts';
import type { ReadSample } from './readSample.ts';
import { tenantOf } from './tenantOf.ts';
import type { VerificationInput } from './verificationInput.ts';

const top = 10;
const mostQueries = 50;
/** Read at thousands a second: an hour at most, of a job that took days. */
const mostScanned = 10_000_000;
/** Searched without an index, a request of more would outlast its time-out. */
const mostSearched = 5_000_000;
/** Float32 vectors that are equal may differ by that when a store computes. */
const tie = 1e-5;

/**
 * recall@10 of the store's search against brute force: the share of true neighbours among the first
 * ten, where neighbours of equal similarity stand for each other (ann-benchmarks' definition).
 * @returns undefined where there is nothing to compare; a check without a value where brute force
 *   would take too long
 */
export async function checkRecall(
  input: VerificationInput,
  sample: readonly ReadSample[],
): Promise<VerificationCheck | undefined> {
  const { step, store, points } = input;
  const { target, request, embedding } = step;
  const { tenantField } = request.layout;
  const queries: RecallQuery[] = sample
    .filter(({ stored }) => stored !== undefined)
    .slice(0, mostQueries)
    .map(({ written, stored }) => ({
      id: written.id,
      vector: written.vector,
      tenant: tenantOf(stored, tenantField),
    }));
  const exact = store.capabilities.exactSearch;
  if (queries.length === 0) return undefined;
  const most = exact ? mostSearched : mostScanned;
  if (points > most) {
    const detail = `recall was not measured: ${points} points, and brute force is asked of ${most} at most; --known-items checks searches at any size`;
    return { name: 'recall', ok: true, detail };
  }
  const { parallel } = await store.limits(embedding.dimensions);
  const search = searcher(input, target.physical, parallel);
  const truth = exact ? await search(queries, neighboursKept, true) : await scan(input, queries);
  const answers = await search(queries, top, false);
  let found = 0;
  let wanted = 0;
  for (const [index, neighbours] of truth.entries()) {
    const most = Math.min(top, neighbours.length);
    wanted += most;
    found += Math.min(most, countTrue(neighbours, answers[index] ?? []));
  }
  if (wanted === 0) return undefined;
  const recall = found / wanted;
  const { minRecall } = request.verification;
  return {
    name: 'recall',
    ok: recall >= minRecall,
    detail: `recall@${top} ${recall.toFixed(4)} over ${queries.length} queries, expected at least ${minRecall}`,
    value: recall,
  };
}

/** How many of the answers are as near as the tenth true neighbour. */
function countTrue(neighbours: readonly Neighbour[], answers: readonly Neighbour[]): number {
  const last = neighbours[Math.min(top, neighbours.length) - 1];
  if (last === undefined) return 0;
  const least = last.similarity - tie;
  const near = new Set(
    neighbours.filter(({ similarity }) => similarity >= least).map(({ id }) => id),
  );
  // More ties than are kept: nobody knows which of them the store has taken.
  const endless = near.size >= neighboursKept;
  return answers.filter(({ id, similarity }) => near.has(id) || (endless && similarity >= least))
    .length;
}

/** Neighbours by the store, without each query's own point. */
function searcher({ store, pulse }: VerificationInput, physical: string, parallel: number) {
  return (queries: readonly RecallQuery[], limit: number, exact: boolean) => {
    const atATime = pLimit(Math.max(1, parallel));
    return Promise.all(
      queries.map(({ id, vector, tenant }) =>
        atATime(async (): Promise<Neighbour[]> => {
          pulse.signal.throwIfAborted();
          const hits = await store.search(physical, {
            vector,
            limit: limit + 1,
            ...(exact ? { exact } : {}),
            ...(tenant === undefined ? {} : { tenant }),
          });
          return hits
            .filter((hit) => hit.point.id !== id)
            .slice(0, limit)
            .map(({ point, score }) => ({ id: point.id, similarity: score }));
        }),
      ),
    );
  };
}

async function scan(
  { store, step, points, pulse }: VerificationInput,
  queries: readonly RecallQuery[],
): Promise<readonly (readonly Neighbour[])[]> {
  const nearest = createNearest(queries);
  const { tenantField } = step.request.layout;
  let done = 0;
  for await (const page of store.scan(step.target.physical, { vectors: true })) {
    pulse.signal.throwIfAborted();
    for (const point of page) {
      if (point.vector !== null) {
        nearest.add(point.id, point.vector, tenantOf(point, tenantField));
      }
    }
    done += page.length;
    pulse.report({ done, total: points });
  }
  return nearest.best();
}
