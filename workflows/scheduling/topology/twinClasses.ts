import { type LinkedDevice, pairRank } from './linkRank.ts';

/**
 * Devices that are linked to all others alike, grouped: any of a class will do, so a choice is how
 * many of each class. An NVSwitch board or an NVL72 rack is one class, a DGX-1 eight.
 */
export interface TwinClasses {
  /** Indices into the devices, ascending; classes in order of their first. */
  members: number[][];
  /** Rank between two of one class; of a class of one, Infinity. */
  inner: number[];
  /** [class][class]; the diagonal is `inner`. */
  between: number[][];
  /** Ranks that occur between two devices, best first. */
  levels: number[];
}

export function twinClasses(devices: readonly LinkedDevice[]): TwinClasses {
  const rank = ranksOf(devices);
  const members: number[][] = [];
  for (let device = 0; device < devices.length; device++) {
    const twins = members.find((others) => areTwins(rank, others[0] as number, device));
    if (twins === undefined) members.push([device]);
    else twins.push(device);
  }
  const at = (a: number, b: number): number => rank[a]?.[b] as number;
  const inner = members.map(([a, b]) =>
    b === undefined ? Number.POSITIVE_INFINITY : at(a as number, b),
  );
  const between = members.map(([a], i) =>
    members.map(([b], j) => (i === j ? (inner[i] as number) : at(a as number, b as number))),
  );
  const distinct = new Set<number>();
  for (const row of between) for (const each of row) distinct.add(each);
  distinct.delete(Number.POSITIVE_INFINITY);
  const levels = [...distinct].sort((a, b) => b - a);
  return { members, inner, between, levels };
}

/** [device][device]; the diagonal is −1. */
function ranksOf(devices: readonly LinkedDevice[]): number[][] {
  const rank = devices.map(() => new Array<number>(devices.length).fill(-1));
  for (let i = 0; i < devices.length; i++) {
    for (let j = 0; j < i; j++) {
      const link = pairRank(devices[i] as LinkedDevice, devices[j] as LinkedDevice);
      (rank[i] as number[])[j] = link;
      (rank[j] as number[])[i] = link;
    }
  }
  return rank;
}

function areTwins(rank: readonly number[][], a: number, b: number): boolean {
  const ofA = rank[a] as number[];
  const ofB = rank[b] as number[];
  for (let other = 0; other < ofA.length; other++) {
    if (other !== a && other !== b && ofA[other] !== ofB[other]) return false;
  }
  return true;
}
