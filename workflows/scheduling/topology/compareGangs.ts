import { cliqueNumber } from './cliqueNumber.ts';
import { linkScore } from './linkRank.ts';
import type { TwinClasses } from './twinClasses.ts';

/** What a choice of devices is judged by, the first that differs decides; see compareGangs. */
export interface GangMerits {
  /** Indices into the devices, ascending. */
  chosen: number[];
  /** Largest clique among the devices that are left, by number of the link level, 0 the best. */
  remaining: (level: number) => number;
  /** Link levels at which `remaining` can differ. */
  levels: number;
  /** Sum of link scores within the gang. */
  within: number;
  /** Sum of link scores between the gang and what is left: what nobody can use any more. */
  cut: number;
}

export function judgeGang(
  classes: TwinClasses,
  taken: readonly number[],
  maxSteps: number,
): GangMerits {
  const left = classes.members.map(({ length }, i) => length - (taken[i] as number));
  const cliques: number[] = [];
  let within = 0;
  let cut = 0;
  for (let i = 0; i < taken.length; i++) {
    const mine = taken[i] as number;
    if (mine === 0) continue;
    const row = classes.between[i] as number[];
    for (let j = 0; j < taken.length; j++) {
      if (i === j && (classes.members[i] as number[]).length === 1) continue;
      const score = linkScore(row[j] as number);
      within +=
        score * (i === j ? (mine * (mine - 1)) / 2 : i < j ? mine * (taken[j] as number) : 0);
      cut += score * mine * (left[j] as number);
    }
  }
  return {
    chosen: classes.members
      .flatMap((members, i) => members.slice(0, taken[i] as number))
      .sort((a, b) => a - b),
    remaining(level) {
      cliques[level] ??= cliqueNumber(classes, left, level, maxSteps);
      return cliques[level];
    },
    // At the worst level everything left is one clique, whatever is chosen.
    levels: Math.max(0, classes.levels.length - 1),
    within,
    cut,
  };
}

/**
 * Below 0 when `a` is the better choice among gangs with the same worst link: the largest remaining
 * clique stays whole (at the best level where they differ), then more bandwidth within, then less
 * cut, then the first devices.
 */
export function compareGangs(a: GangMerits, b: GangMerits): number {
  for (let level = 0; level < a.levels; level++) {
    const more = b.remaining(level) - a.remaining(level);
    if (more !== 0) return more;
  }
  if (a.within !== b.within) return b.within - a.within;
  if (a.cut !== b.cut) return a.cut - b.cut;
  for (let i = 0; i < a.chosen.length; i++) {
    const later = (a.chosen[i] as number) - (b.chosen[i] as number);
    if (later !== 0) return later;
  }
  return 0;
}
