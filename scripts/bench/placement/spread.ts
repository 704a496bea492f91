export interface Spread {
  mean: number;
  /** Of the sample; null for one value. */
  sd: number | null;
}

export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null };
}

/**
 * Ours against theirs over paired seeds, in words: a difference of less than two standard errors is
 * a tie.
 */
export function verdict(ours: readonly number[], theirs: readonly number[]): string {
  const { mean, sd } = spread(ours.map((value, at) => value - theirs[at]!));
  const gain = signed(mean);
  if (sd === null) return `${gain}: one seed, no verdict`;
  const size = `${gain} (sd of the difference ${sd.toFixed(2)})`;
  if (Math.abs(mean) <= (2 * sd) / Math.sqrt(ours.length)) return `${size}: tie`;
  return `${size}: ${mean > 0 ? 'win' : 'LOSS'}`;
}

export const signed = (value: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
