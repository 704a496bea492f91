import type { TwinClasses } from './twinClasses.ts';

/**
 * Most devices that can be had such that each pair of them has a link of level `level` (an index
 * into `levels`) or better, with `left[i]` devices of class i to choose from. Exact unless `maxSteps`
 * runs out first; then what has been found until there. Branch and bound over the classes.
 */
export function cliqueNumber(
  classes: TwinClasses,
  left: readonly number[],
  level: number,
  maxSteps: number,
): number {
  const rank = classes.levels[level] as number;
  const weights = left.map((count, i) =>
    (classes.inner[i] as number) >= rank ? count : Math.min(1, count),
  );
  const present: number[] = [];
  for (let i = 0; i < weights.length; i++) if (weights[i] as number) present.push(i);
  let best = 0;
  let steps = 0;

  const extend = (pool: readonly number[], size: number): void => {
    if (size > best) best = size;
    let open = 0;
    for (const i of pool) open += weights[i] as number;
    for (let k = 0; k < pool.length; k++) {
      if (size + open <= best || ++steps > maxSteps) return;
      const chosen = pool[k] as number;
      const row = classes.between[chosen] as number[];
      const next: number[] = [];
      for (let l = k + 1; l < pool.length; l++) {
        const other = pool[l] as number;
        if ((row[other] as number) >= rank) next.push(other);
      }
      extend(next, size + (weights[chosen] as number));
      open -= weights[chosen] as number;
    }
  };
  extend(present, 0);
  return best;
}
