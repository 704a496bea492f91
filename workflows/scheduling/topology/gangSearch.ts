import type { TwinClasses } from './twinClasses.ts';

/** How much a search may do from each class that it starts at. */
export interface SearchLimits {
  steps: number;
  found: number;
}

/**
 * Calls `visit` with each way to take `count` devices, as a number per class, such that every pair
 * has a link of `level` or better. Complete unless a limit is met; limits count anew for each first
 * class, so that no part of a large pool is left out.
 */
export function eachGang(
  classes: TwinClasses,
  count: number,
  level: number,
  limits: SearchLimits,
  visit: (taken: readonly number[]) => void,
): void {
  const room = classes.members.map(({ length }, i) =>
    (classes.inner[i] as number) >= level ? length : Math.min(1, length),
  );
  const taken = room.map(() => 0);
  let steps = 0;
  let found = 0;

  const extend = (pool: readonly number[], missing: number): void => {
    if (missing === 0) {
      found++;
      visit(taken);
      return;
    }
    let open = pool.reduce((sum, i) => sum + (room[i] as number), 0);
    for (let k = 0; k < pool.length; k++) {
      if (open < missing || ++steps > limits.steps || found >= limits.found) return;
      start(pool, k, missing);
      open -= room[pool[k] as number] as number;
    }
  };

  const start = (pool: readonly number[], k: number, missing: number): void => {
    const chosen = pool[k] as number;
    const row = classes.between[chosen] as number[];
    const next = pool.slice(k + 1).filter((i) => (row[i] as number) >= level);
    for (let take = Math.min(room[chosen] as number, missing); take >= 1; take--) {
      taken[chosen] = take;
      extend(next, missing - take);
    }
    taken[chosen] = 0;
  };

  const all = room.map((_, i) => i);
  for (let first = 0; first < all.length; first++) {
    steps = 0;
    found = 0;
    start(all, first, count);
  }
}
