/** Uniform in [0, 1). */
export type Random = () => number;

export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}
