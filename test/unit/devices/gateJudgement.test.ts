import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeGate } from '../../../activities/devices/gateJudgement.ts';

const encoder = (mean: number) => ({ mean, worst: 0.5, samples: 9, seconds: 1 });
const causal = (mean: number, perplexityIncrease?: number) => ({
  mean,
  worst: 2,
  samples: 9,
  seconds: 1,
  perplexityIncrease,
});

test('encoders pass at the default threshold of their method and fail below it', () => {
  for (const [method, threshold] of [
    ['int8', 0.99],
    ['nf4', 0.95],
    ['fp4', 0.92],
  ] as const) {
    expect(judgeGate(encoder(threshold), 'encoder', method, {})).toEqual({
      metric: 'cosine',
      mean: threshold,
      min: 0.5,
      threshold,
      passed: true,
      samples: 9,
    });
    expect(judgeGate(encoder(threshold - 1e-9), 'encoder', method, {}).passed).toBe(false);
  }
});

test('causal models need both a small divergence and a small growth of perplexity', () => {
  expect(judgeGate(causal(0.05, 0.02), 'causal-lm', 'int8', {}).passed).toBe(true);
  expect(judgeGate(causal(0.25, 0.15), 'causal-lm', 'nf4', {}).passed).toBe(true);
  expect(judgeGate(causal(0.26, 0.0), 'causal-lm', 'fp4', {}).passed).toBe(false);
  expect(judgeGate(causal(0.0, 0.16), 'causal-lm', 'fp4', {}).passed).toBe(false);
  expect(judgeGate(causal(0.05, -0.1), 'causal-lm', 'int8', {}).passed).toBe(true);
});

test('given thresholds replace the defaults', () => {
  expect(judgeGate(encoder(0.5), 'encoder', 'int8', { minCosine: 0.4 })).toMatchObject({
    threshold: 0.4,
    passed: true,
  });
  const given = { maxKl: 1, maxPerplexityIncrease: 3 };
  expect(judgeGate(causal(0.9, 2.9), 'causal-lm', 'int8', given)).toMatchObject({
    threshold: 1,
    perplexityThreshold: 3,
    passed: true,
  });
});

test('property: what is not a number never passes', () => {
  const oddities = fc.constantFrom(Number.NaN, undefined);
  fc.assert(
    fc.property(oddities, fc.double(), (odd, other) => {
      expect(judgeGate(encoder(Number.NaN), 'encoder', 'nf4', {}).passed).toBe(false);
      expect(judgeGate(causal(Number.NaN, other), 'causal-lm', 'nf4', {}).passed).toBe(false);
      expect(judgeGate(causal(0, odd), 'causal-lm', 'nf4', {}).passed).toBe(false);
    }),
  );
});
