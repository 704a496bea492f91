import { expect, test } from 'vitest';
import { nextBackoff } from '../../../workers/supervisor/backoff.ts';

const options = { initialMs: 200, maximumMs: 3_000, stableMs: 30_000 };

test('the delay doubles with every death in a row, up to the maximum', () => {
  const delays: number[] = [];
  let deaths = 0;
  for (let death = 0; death < 6; death += 1) {
    const step = nextBackoff(deaths, 1_000, options);
    deaths = step.deaths;
    delays.push(step.delayMs);
  }
  expect(delays).toEqual([200, 400, 800, 1_600, 3_000, 3_000]);
});

test('a stable run makes the next death the first again', () => {
  expect(nextBackoff(9, 30_000, options)).toEqual({ deaths: 1, delayMs: 200 });
});
