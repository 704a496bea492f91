import { createRandom } from '../../../workflows/scheduling/placement/policies/randomNumbers.ts';
import type { LinkedDevice } from '../../../workflows/scheduling/topology/linkRank.ts';

/** Chooses `count` of an island's free devices, given by index order. */
export type Chooser = (free: LinkedDevice[], count: number) => LinkedDevice[];

export interface ChurnOptions {
  seed: number;
  /** Sizes that are asked for, each as often. */
  sizes: number[];
  /** Gangs that arrive. */
  arrivals: number;
  /** Devices asked for at a time, as a part of those there are. */
  load: number;
}

interface Job {
  size: number;
  arrives: number;
  lasts: number;
}

/**
 * Lets gangs arrive (Poisson) and leave (exponential lifetimes); those that do not fit wait, first
 * come, first served. Each goes to the fullest island that has enough free devices. So where and when
 * a gang runs depends on counts alone and is the same for each chooser; only the devices differ.
 * @return devices of each gang of 2 or more, in order of arrival
 */
export function churn(
  islands: readonly LinkedDevice[][],
  choose: Chooser,
  options: ChurnOptions,
): LinkedDevice[][] {
  const devices = islands.reduce((sum, island) => sum + island.length, 0);
  const free = islands.map((island) => [...island]);
  const running: { ends: number; island: number; gang: LinkedDevice[] }[] = [];
  const granted: LinkedDevice[][] = [];
  let now = 0;

  for (const { size, arrives, lasts } of jobs(options, devices)) {
    now = Math.max(now, arrives);
    let island = fullestWith(free, size);
    while (island < 0 || (running[0]?.ends ?? Number.POSITIVE_INFINITY) <= now) {
      const over = running.shift();
      if (over === undefined) throw new RangeError(`no island has ${size} devices`);
      now = Math.max(now, over.ends);
      const order = islands[over.island]!;
      free[over.island] = order.filter(
        (device) => free[over.island]!.includes(device) || over.gang.includes(device),
      );
      island = fullestWith(free, size);
    }
    const gang = choose(free[island]!, size);
    free[island] = free[island]!.filter((device) => !gang.includes(device));
    const ends = now + lasts;
    const later = running.findIndex((other) => other.ends > ends);
    running.splice(later < 0 ? running.length : later, 0, { ends, island, gang });
    if (size > 1) granted.push(gang);
  }
  return granted;
}

function jobs({ seed, sizes, arrivals, load }: ChurnOptions, devices: number): Job[] {
  const random = createRandom(seed);
  const exponential = () => -Math.log(1 - random());
  const meanSize = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  let arrives = 0;
  return Array.from({ length: arrivals }, () => {
    arrives += (exponential() * meanSize) / (load * devices);
    const size = sizes[Math.floor(random() * sizes.length)]!;
    return { size, arrives, lasts: exponential() };
  });
}

function fullestWith(free: readonly LinkedDevice[][], size: number): number {
  return free.reduce(
    (best, { length }, island) =>
      length >= size && (best < 0 || length < free[best]!.length) ? island : best,
    -1,
  );
}
