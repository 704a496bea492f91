import { expect, test } from 'vitest';
import { addSample, etaOf, type RateSample, rateOf } from '../../../../workflows/backfill/rate.ts';

const minute = 60_000;

function sampled(seconds: number, everyMs: number, recordsPerSecond: number): RateSample[] {
  let samples: readonly RateSample[] = [];
  for (let at = 0; at <= 1000 * seconds; at += everyMs) {
    samples = addSample(samples, { at, records: (at / 1000) * recordsPerSecond });
  }
  return [...samples];
}

test('a steady rate is told as it is, however often it is reported', () => {
  for (const everyMs of [100, 9_000, 60_000]) {
    expect(rateOf(sampled(900, everyMs, 40))).toBeCloseTo(40);
  }
});

test('samples stay few', () => {
  expect(sampled(3_600, 100, 40).length).toBeLessThanOrEqual(34);
});

test('what is older than the window counts no more', () => {
  let samples: readonly RateSample[] = sampled(600, 10_000, 100);
  const { at, records } = samples.at(-1)!;
  for (let later = 10_000; later <= 6 * minute; later += 10_000) {
    samples = addSample(samples, { at: at + later, records: records + later / 1000 });
  }
  expect(rateOf(samples)).toBeCloseTo(1);
});

test('reports that come more seldom than the window is long still make a rate', () => {
  const first = addSample([], { at: 0, records: 0 });
  expect(rateOf(first)).toBe(0);
  expect(rateOf(addSample(first, { at: 20 * minute, records: 1_200 }))).toBe(1);
});

test('the time left follows from the rate, and is not known without one', () => {
  expect(etaOf(100, 40, 2)).toBe(30);
  expect(etaOf(100, 140, 2)).toBe(0);
  expect(etaOf(100, 40, 0)).toBeNull();
});
