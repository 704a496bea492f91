import {
  type LinkGenerations,
  linkBandwidth,
} from '../../../workflows/scheduling/topology/linkBandwidth.ts';
import {
  isNvLink,
  type LinkedDevice,
  linkOfRank,
  pairRank,
} from '../../../workflows/scheduling/topology/linkRank.ts';

export interface GangFigures {
  /** Bandwidth of the worst link within a gang, GB/s in one direction. */
  mean: number;
  p10: number;
  /** Part of the gangs all of whose pairs are joined by NVLink. */
  nvlink: number;
}

export function gangFigures(gangs: readonly LinkedDevice[][], made: LinkGenerations): GangFigures {
  const worst = gangs.map(worstRank);
  const rates = worst.map((rank) => linkBandwidth(linkOfRank(rank), made)).sort((a, b) => a - b);
  return {
    mean: rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
    p10: rates[Math.floor(rates.length / 10)]!,
    nvlink: worst.filter(isNvLink).length / worst.length,
  };
}

function worstRank(gang: readonly LinkedDevice[]): number {
  return Math.min(...gang.flatMap((a, i) => gang.slice(i + 1).map((b) => pairRank(a, b))));
}
