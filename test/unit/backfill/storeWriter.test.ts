import { expect, test } from 'vitest';
import { batchPoints } from '../../../activities/backfill/batches.ts';
import { createStoreWriter, type Limiter } from '../../../activities/backfill/storeWriter.ts';
import { createAimdLimiter } from '../../../activities/platform/aimdLimiter.ts';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { createMemoryStore } from '../../support/stores/memoryStore.ts';
import { samplePoints } from '../../support/stores/samplePoints.ts';

const limits = { bestBatch: 8, maxBatch: 16, parallel: 2 };
const straight: Limiter = { run: (work) => work() };

function writerOf(store: VectorStore, signal = new AbortController().signal, limiter = straight) {
  return createStoreWriter({
    store,
    physical: 'docs-v1',
    limits,
    limiter,
    retry: { retries: 3, firstMs: 1 },
    pulse: { signal, report() {} },
  });
}

test('points go in batches of the best size, all of them through the limiter', async () => {
  const store = createMemoryStore();
  let limited = 0;
  const limiter: Limiter = {
    run(work) {
      limited += 1;
      return work();
    },
  };
  const writer = writerOf(store, undefined, limiter);
  await writer.upsert(samplePoints(20, 4));
  expect(store.upserts).toEqual([8, 8, 4]);
  expect(limited).toBe(3);
  expect(store.mostAtOnce).toBe(limits.parallel);
  const ids = samplePoints(20, 4).map(({ id }) => id);
  expect(
    [...(await writer.read([...ids, samplePoints(1, 4, 99)[0]?.id ?? ''])).keys()].sort(),
  ).toEqual(ids.sort());
  await writer.remove(ids.slice(0, 15));
  expect(store.points('docs-v1').size).toBe(5);
});

test('batches keep to the most that a store takes, and to the size of its requests', () => {
  expect(batchPoints(samplePoints(5, 4), { ...limits, bestBatch: 4, maxBatch: 2 })).toHaveLength(3);
  const large = samplePoints(5, 4).map((point) => ({ ...point, text: 'x'.repeat(6 * 2 ** 20) }));
  expect(batchPoints(large, limits).map((batch) => batch.length)).toEqual([2, 2, 1]);
  const huge = samplePoints(2, 4).map((point) => ({ ...point, text: 'x'.repeat(20 * 2 ** 20) }));
  expect(batchPoints(huge, limits).map((batch) => batch.length)).toEqual([1, 1]);
});

test('what a store puts off is sent again and counted; nothing is refused for it', async () => {
  const store = createMemoryStore({ throttle: 2, unavailable: 1 });
  const writer = writerOf(store);
  await writer.upsert(samplePoints(8, 4));
  expect(store.points('docs-v1').size).toBe(8);
  expect(writer.throttled()).toBe(2);
  expect(writer.refused().size).toBe(0);
});

test('a store that stays away fails the page by its own name', async () => {
  const writer = writerOf(createMemoryStore({ unavailable: 100 }));
  await expect(writer.upsert(samplePoints(3, 4))).rejects.toMatchObject({
    type: 'StoreUnavailable',
  });
  const throttled = writerOf(createMemoryStore({ throttle: 100 }));
  await expect(throttled.upsert(samplePoints(3, 4))).rejects.toMatchObject({
    type: 'StoreThrottled',
  });
});

test('wrong credentials are not tried again', async () => {
  let calls = 0;
  const store: VectorStore = {
    ...createMemoryStore(),
    async upsert() {
      calls += 1;
      throw berthError('CredentialsRefused', 'no');
    },
  };
  await expect(writerOf(store).upsert(samplePoints(3, 4))).rejects.toMatchObject({
    type: 'CredentialsRefused',
  });
  expect(calls).toBe(1);
});

test('after a failure nothing is sent any more, and nothing runs any more', async () => {
  let running = 0;
  let calls = 0;
  const store: VectorStore = {
    ...createMemoryStore(),
    async upsert() {
      calls += 1;
      const own = calls;
      running += 1;
      // The first one fails while the second one is under way.
      for (let turn = 0; turn < own * 2; turn += 1) await new Promise((next) => setImmediate(next));
      running -= 1;
      if (own === 1) throw berthError('CollectionNotFound', 'gone');
    },
  };
  const twoAtOnce = createAimdLimiter({ min: 1, max: 2, start: 2 });
  await expect(
    writerOf(store, undefined, twoAtOnce).upsert(samplePoints(80, 4)),
  ).rejects.toMatchObject({
    type: 'CollectionNotFound',
  });
  expect(running).toBe(0);
  expect(calls).toBeLessThan(10);
});

test('a cancelled page sends nothing more', async () => {
  const store = createMemoryStore();
  const cancel = new AbortController();
  store.faults.refuses = () => {
    cancel.abort(new Error('cancelled'));
    return false;
  };
  const oneAtATime = createAimdLimiter({ min: 1, max: 1, start: 1 });
  const writer = writerOf(store, cancel.signal, oneAtATime);
  await expect(writer.upsert(samplePoints(80, 4))).rejects.toThrow('cancelled');
  expect(store.upserts).toHaveLength(1);
});
