import { expect, test } from 'vitest';
import { createAimdLimiter } from '../../../activities/platform/aimdLimiter.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** A clock that moves when somebody waits, or when a request takes its time. */
function setUp(options: { min?: number; max?: number; start?: number } = {}) {
  let time = 0;
  const waits: number[] = [];
  const limiter = createAimdLimiter({
    min: 1,
    max: 16,
    start: 8,
    ...options,
    now: () => time,
    async sleep(ms) {
      waits.push(ms);
      time += ms;
    },
  });
  const take = (ms: number) =>
    limiter.run(async () => {
      time += ms;
    });
  const fail = (error: unknown) =>
    limiter.run(() => Promise.reject(error)).catch((reason: unknown) => reason);
  return { limiter, waits, take, fail };
}

const throttled = (details?: unknown) => berthError('StoreThrottled', 'come back later', details);

test('a round of successes adds one, up to the most', async () => {
  const { limiter, take } = setUp({ start: 2, max: 4 });
  for (let n = 0; n < 3; n++) await take(10);
  expect(limiter.limit).toBe(3);
  for (let n = 0; n < 50; n++) await take(10);
  expect(limiter.limit).toBe(4);
});

test('throttling and time-outs halve it, down to the least; other failures do not', async () => {
  const { limiter, fail } = setUp();
  expect(await fail(throttled())).toMatchObject({ type: 'StoreThrottled' });
  expect(limiter.limit).toBe(4);
  await fail(Object.assign(new Error('late'), { code: 'ETIMEDOUT' }));
  expect(limiter.limit).toBe(2);
  await fail(new Error('wrapped', { cause: new DOMException('late', 'TimeoutError') }));
  expect(limiter.limit).toBe(1);
  await fail(Object.assign(new Error('busy'), { status: 429 }));
  expect(limiter).toMatchObject({ limit: 1, throttled: 4 });
  const other = setUp();
  await other.fail(berthError('StoreRejected', 'bad point'));
  expect(other.limiter).toMatchObject({ limit: 8, throttled: 0 });
});

test('requests that were under way together halve it once', async () => {
  const { limiter, fail } = setUp();
  const all = Array.from({ length: 8 }, () => fail(throttled()));
  await Promise.all(all);
  expect(limiter).toMatchObject({ limit: 4, throttled: 8 });
});

test('nobody starts before the store said', async () => {
  const { waits, take, fail } = setUp();
  await fail(throttled({ retryAfterMs: 3000 }));
  await take(10);
  await take(10);
  expect(waits).toEqual([3000]);
});

test.each([86_400_000, 1e300, Number.POSITIVE_INFINITY])(
  'a wait of %d ms is cut to five minutes',
  async (retryAfterMs) => {
    const { waits, take, fail } = setUp();
    await fail(throttled({ retryAfterMs }));
    await take(10);
    expect(waits).toEqual([300_000]);
  },
);

test('a p95 of more than twice the best window halves it, and one slow request does not', async () => {
  const { limiter, take } = setUp({ start: 8, max: 8 });
  for (let n = 0; n < 40; n++) await take(100);
  for (let n = 0; n < 40; n++) await take(n === 7 ? 5000 : 100);
  expect(limiter.limit).toBe(8);
  for (let n = 0; n < 40; n++) await take(n % 10 === 0 ? 300 : 150);
  expect(limiter.limit).toBe(4);
});

test('never more at a time than the limit, and all of them in the end', async () => {
  const { limiter, fail } = setUp({ start: 4, max: 4 });
  await fail(throttled());
  let running = 0;
  let most = 0;
  const done = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      limiter.run(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return n;
      }),
    ),
  );
  expect(done).toEqual(Array.from({ length: 30 }, (_, n) => n));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
});

test('who is cancelled does not start', async () => {
  const { limiter } = setUp();
  const controller = new AbortController();
  controller.abort(new Error('cancelled'));
  let started = false;
  const run = limiter.run(async () => {
    started = true;
  }, controller.signal);
  await expect(run).rejects.toThrow('cancelled');
  expect(started).toBe(false);
});
