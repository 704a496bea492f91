import type { LinkType } from '../../contracts/pool/devices.ts';
import { compareGangs, type GangMerits, judgeGang } from './compareGangs.ts';
import { createGangMemo } from './gangMemo.ts';
import { eachGang } from './gangSearch.ts';
import { type LinkedDevice, linkOfRank, linkRank } from './linkRank.ts';
import { type TwinClasses, twinClasses } from './twinClasses.ts';

export type { LinkedDevice } from './linkRank.ts';

export interface ChosenGang {
  /** In id order. */
  deviceIds: string[];
  /** null for one device, or when a link is unknown. */
  worstLink: LinkType | null;
}

/** Up to so many classes of twins (and so at least as many devices) the choice is exact. */
const exactClasses = 16;
const exact = { steps: Number.POSITIVE_INFINITY, found: Number.POSITIVE_INFINITY };
const bounded = { steps: 400, found: 4 };
/** Steps of one clique number. */
const boundedSteps = 100;

const remembered = createGangMemo<ChosenGang | null>(512);

/**
 * Chooses `count` of the candidates such that the worst link among all pairs is the best to be had
 * (NVLink counts, then PIX, PXB, PHB, NODE, SYS, unknown) and no worse than `minimum`; among those,
 * the largest remaining clique stays whole, then more bandwidth within the gang, then fewer links to
 * what is left, then id order. One device: the one whose absence harms the other cliques least. MIG
 * instances never join a gang. Exact for up to 16 devices, and for any number that are linked alike
 * (NVL72); else a bounded search from every device. Answers are remembered by the identity of
 * `links`.
 * @returns undefined where there is no such choice
 */
export function chooseDevices(
  candidates: readonly LinkedDevice[],
  count: number,
  minimum: LinkType | null,
): ChosenGang | undefined {
  const able = count > 1 ? candidates.filter(({ mig }) => !mig) : [...candidates];
  if (!Number.isSafeInteger(count) || count < 1 || able.length < count) return undefined;
  able.sort((a, b) => (a.deviceId < b.deviceId ? -1 : a.deviceId > b.deviceId ? 1 : 0));
  const chosen = remembered(able, `${count} ${minimum ?? ''}`, () =>
    choose(able, count, minimum === null ? 0 : linkRank(minimum)),
  );
  return chosen === null ? undefined : { ...chosen, deviceIds: [...chosen.deviceIds] };
}

function choose(
  devices: readonly LinkedDevice[],
  count: number,
  minimum: number,
): ChosenGang | null {
  const classes = twinClasses(devices);
  const levels = count === 1 ? [0] : classes.levels.filter((level) => level >= minimum);
  for (const level of levels) {
    const best = bestGang(classes, count, level);
    if (best !== undefined) {
      return {
        deviceIds: best.chosen.map((index) => (devices[index] as LinkedDevice).deviceId),
        worstLink: count === 1 ? null : linkOfRank(level),
      };
    }
  }
  return null;
}

function bestGang(classes: TwinClasses, count: number, level: number): GangMerits | undefined {
  const small = classes.members.length <= exactClasses;
  let best: GangMerits | undefined;
  eachGang(classes, count, level, small ? exact : bounded, (taken) => {
    const merits = judgeGang(classes, taken, small ? Number.POSITIVE_INFINITY : boundedSteps);
    if (best === undefined || compareGangs(merits, best) < 0) best = merits;
  });
  return best;
}
