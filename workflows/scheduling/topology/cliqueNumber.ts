import type { TwinClasses } from './twinClasses.ts';

/**
 * Most devices that can be had such that each pair of them has a link of `level` or better, with
 * `left[i]` devices of class i to choose from. Exact unless `maxSteps` runs out first; then what has
 * been found until there. Branch and bound over the classes.
 */
export function cliqueNumber(
  classes: TwinClasses,
  left: readonly number[],
  level: number,
  maxSteps: number,
): number {
  const weights = left.map((count, i) =>
    (classes.inner[i] as number) >= level ? count : Math.min(1, count),
  );
  const present = weights.flatMap((weight, i) => (weight > 0 ? [i] : []));
  let best = 0;
  let steps = 0;

  const extend = (pool: readonly number[], size: number): void => {
    if (size > best) best = size;
    let open = pool.reduce((sum, i) => sum + (weights[i] as number), 0);
    for (let k = 0; k < pool.length; k++) {
      if (size + open <= best || ++steps > maxSteps) return;
      const chosen = pool[k] as number;
      const row = classes.between[chosen] as number[];
      const weight = weights[chosen] as number;
      extend(
        pool.slice(k + 1).filter((i) => (row[i] as number) >= level),
        size + weight,
      );
      open -= weight;
    }
  };
  extend(present, 0);
  return best;
}
