import pLimit from 'p-limit';
import pRetry from 'p-retry';
import { BerthError } from '../../workflows/contracts/errors.ts';
import type { AimdLimiter } from '../platform/aimdLimiter.ts';
import type { Point, StoredPoint, StoreLimits, VectorStore } from '../stores/vectorStore.ts';
import { batchIds, batchPoints } from './batches.ts';
import type { Pulse } from './pulse.ts';
import { runAll } from './runAll.ts';

/** Says when a request may be sent: fewer at a time, and later, when the store asks for it. */
export type Limiter = Pick<AimdLimiter, 'run'>;

/** Of one request: how often it is tried again, and how long is waited first, doubled each time. */
export interface RetryTimes {
  retries: number;
  firstMs: number;
}

export interface StoreWriterDeps {
  store: VectorStore;
  physical: string;
  limits: StoreLimits;
  limiter: Limiter;
  retry?: RetryTimes | undefined;
  pulse: Pulse;
}

/** One page's requests to one store: cut to its limits, at its pace, tried again when it asks for it. */
export interface StoreWriter {
  /** Refused points end up in `refused`; everything else throws. */
  upsert(points: readonly Point[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  /** Those that are there, by id; default: without vectors. */
  read(ids: readonly string[], options?: { vectors: boolean }): Promise<Map<string, StoredPoint>>;
  /** Reasons by record id. */
  refused(): ReadonlyMap<string, string>;
  /** Requests that it asked to make later. */
  throttled(): number;
}

const defaultRetry: RetryTimes = { retries: 5, firstMs: 500 };
const longestWaitMs = 30_000;

export function createStoreWriter(deps: StoreWriterDeps): StoreWriter {
  const { store, physical, limits, limiter, pulse } = deps;
  const { retries, firstMs } = deps.retry ?? defaultRetry;
  const gate = pLimit(Math.max(1, limits.parallel));
  const refused = new Map<string, string>();
  let throttled = 0;

  const request = <T>(signal: AbortSignal, send: () => Promise<T>): Promise<T> =>
    pRetry(() => gate(() => limiter.run(send, signal)), {
      retries,
      minTimeout: firstMs,
      maxTimeout: longestWaitMs,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => isPassing(error),
      onFailedAttempt({ error }) {
        if (error instanceof BerthError && error.type === 'StoreThrottled') throttled += 1;
      },
    });

  /** Halves what is refused until the poison is alone. */
  const upsertBatch = async (batch: readonly Point[], signal: AbortSignal): Promise<void> => {
    const points = batch.filter(({ recordId }) => !refused.has(recordId));
    if (points.length === 0) return;
    try {
      await request(signal, () => store.upsert(physical, points));
    } catch (error) {
      if (!(error instanceof BerthError) || error.type !== 'StoreRejected') throw error;
      const [only, ...others] = points;
      if (only !== undefined && others.length === 0) {
        refused.set(only.recordId, `chunk ${only.chunk} of ${only.chunks}: ${error.message}`);
        return;
      }
      const half = Math.ceil(points.length / 2);
      await upsertBatch(points.slice(0, half), signal);
      await upsertBatch(points.slice(half), signal);
    }
  };

  return {
    async upsert(points) {
      let done = 0;
      await runAll(batchPoints(points, limits), pulse.signal, async (batch, signal) => {
        await upsertBatch(batch, signal);
        done += batch.length;
        pulse.report({ done, total: points.length });
      });
    },
    remove: (ids) =>
      runAll(batchIds(ids, limits), pulse.signal, (batch, signal) =>
        request(signal, () => store.deletePoints(physical, batch)),
      ),
    async read(ids, options = { vectors: false }) {
      const found = new Map<string, StoredPoint>();
      await runAll(batchIds(ids, limits), pulse.signal, async (batch, signal) => {
        const points = await request(signal, () => store.readPoints(physical, batch, options));
        for (const point of points) found.set(point.id, point);
      });
      return found;
    },
    refused: () => refused,
    throttled: () => throttled,
  };
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof BerthError &&
    (error.type === 'StoreThrottled' || error.type === 'StoreUnavailable')
  );
}
