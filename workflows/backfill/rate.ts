/** Records that were done at a time, ms since the Unix epoch. */
export interface RateSample {
  at: number;
  records: number;
}

/** Long enough for several pages of every partition, short enough to show a change of rate. */
const windowMs = 5 * 60_000;
const maxSamples = 32;

/** Adds a sample and forgets what is older than the window, but for one to count from. */
export function addSample(samples: readonly RateSample[], sample: RateSample): RateSample[] {
  const recent = samples.filter(({ at }) => at >= sample.at - windowMs);
  const kept = recent.length > 0 ? recent : samples.slice(-1);
  const [before, last] = kept.slice(-2);
  // Reports of many partitions come together: one sample a slice of the window says as much.
  const tooClose =
    before !== undefined && last !== undefined && last.at - before.at < windowMs / maxSamples;
  return [...(tooClose ? kept.slice(0, -1) : kept), sample];
}

/** Records a second over the window; 0 until it is known. */
export function rateOf(samples: readonly RateSample[]): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return 0;
  return (1000 * (last.records - first.records)) / (last.at - first.at);
}

/** Seconds until `total`; null where no rate is known. */
export function etaOf(total: number, done: number, recordsPerSecond: number): number | null {
  if (recordsPerSecond <= 0) return null;
  return Math.max(0, total - done) / recordsPerSecond;
}
