import { quantileSorted } from 'simple-statistics';

/** Fewer say nothing about a 95th percentile. */
const leastSamples = 40;
const factor = 2;
/** The best is forgotten slowly: what is normal changes over a week. */
const forgetting = 1.02;

/** Tells when the p95 latency of the last window exceeds twice that of the best one. */
export function createLatencyWatch() {
  let samples: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  return {
    /** @returns whether a window has just ended that was too slow */
    add(milliseconds: number, concurrency: number): boolean {
      samples.push(milliseconds);
      if (samples.length < Math.max(leastSamples, 2 * concurrency)) return false;
      const p95 = quantileSorted(
        samples.sort((a, b) => a - b),
        0.95,
      );
      samples = [];
      best = Math.min(best * forgetting, p95);
      return p95 > factor * best;
    },
    /** What was measured before a decrease says nothing about after it. */
    restart(): void {
      samples = [];
    },
  };
}
