import { expect, test } from 'vitest';
import { createExplaining } from '../../../workers/commands/runner/explaining.ts';
import type { Explanation } from '../../../workflows/contracts/pool/description.ts';

const told = { state: 'waiting', position: 1 } as Explanation;

/** A pool that takes `tookMs` for each answer, looked at each second of a clock. */
async function lookEachSecond(seconds: number, tookMs: number, answer: Explanation | undefined) {
  let now = 0;
  const asked: number[] = [];
  const explaining = createExplaining(
    async () => {
      asked.push(now);
      now += tookMs;
      return answer;
    },
    () => now,
  );
  while (now < seconds * 1_000) {
    explaining.look();
    // The answer has come before the next look.
    await new Promise((resolve) => setImmediate(resolve));
    now += 1_000;
  }
  return { asked, newest: explaining.newest() };
}

test('a quick answer is asked for every two seconds at most', async () => {
  const { asked, newest } = await lookEachSecond(10, 0, told);
  expect(asked).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
  expect(newest).toBe(told);
});

test('one that takes long, a twentieth of the time', async () => {
  const { asked } = await lookEachSecond(60, 500, told);
  for (const [index, at] of asked.slice(1).entries()) {
    expect(at - (asked[index] ?? 0)).toBeGreaterThanOrEqual(20 * 500);
  }
  expect(asked.length).toBeGreaterThan(3);
});

test('a pool that does not know the request yet is asked at each look, unless that takes long', async () => {
  expect((await lookEachSecond(5, 0, undefined)).asked).toHaveLength(5);
  expect((await lookEachSecond(5, 400, undefined)).asked).toHaveLength(1);
});

test('nothing is asked while an answer is awaited', () => {
  let asked = 0;
  const explaining = createExplaining(
    () => {
      asked += 1;
      return new Promise(() => undefined);
    },
    () => asked * 1e6,
  );
  explaining.look();
  explaining.look();
  expect(asked).toBe(1);
});
