import pLimit from 'p-limit';
import type { Point } from '../../../activities/stores/vectorStore.ts';
import type { Setting } from './harness.ts';

/**
 * Upserts all points. It rejects, by the first failure, once no request is under way any more: what
 * they write to can then be dropped.
 * @returns points a second
 */
export async function pointRate(
  points: readonly Point[],
  { batch, parallel }: Setting,
  upsert: (batch: readonly Point[]) => Promise<unknown>,
  interrupted: AbortSignal,
): Promise<number> {
  const limit = pLimit(parallel);
  const failed = new AbortController();
  const stop = AbortSignal.any([interrupted, failed.signal]);
  const begun = performance.now();
  const requests: Promise<void>[] = [];
  const send = async (some: readonly Point[]) => {
    if (!stop.aborted) await upsert(some).catch((error) => failed.abort(error));
  };
  for (let at = 0; at < points.length; at += batch) {
    requests.push(limit(() => send(points.slice(at, at + batch))));
  }
  await Promise.all(requests);
  stop.throwIfAborted();
  return points.length / ((performance.now() - begun) / 1000);
}
