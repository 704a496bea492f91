import type { LinkType, PoolDevice } from '../../contracts/pool/devices.ts';

/** What the choice of a gang looks at; a PoolDevice or a PlacementDevice is one. Taken as immutable. */
export interface LinkedDevice {
  deviceId: string;
  links: PoolDevice['links'];
  fabric: PoolDevice['fabric'];
  mig?: PoolDevice['mig'];
}

const pcie: LinkType[] = ['SYS', 'NODE', 'PHB', 'PXB', 'PIX'];
/** NV<n> ranks at this plus n. */
const nvlink = pcie.length;

/** Members of one NVLink domain on different hosts have all 18 NVLinks of their GPU in common (GH200, GB200). */
export const fabricLink: LinkType = 'NV18';

const ranks = new Map<string, number>();

/** The higher the better; 0 for an unknown link, also for text that is no link type. */
export function linkRank(link: LinkType | undefined): number {
  if (link === undefined) return 0;
  let rank = ranks.get(link);
  if (rank === undefined) {
    const bonded = Number(/^NV([1-9]\d{0,2})$/.exec(link)?.[1] ?? 0);
    rank = bonded > 0 ? nvlink + bonded : pcie.indexOf(link) + 1;
    // Reports come from outside: odd text must not fill the memory.
    if (rank > 0) ranks.set(link, rank);
  }
  return rank;
}

/** Inverse of linkRank; null for 0. */
export function linkOfRank(rank: number): LinkType | null {
  return rank > nvlink ? `NV${rank - nvlink}` : (pcie[rank - 1] ?? null);
}

export const isNvLink = (rank: number): boolean => rank > nvlink;

/**
 * Rank of the link between two devices. Sides that disagree count as the worse of the two, a side
 * that is missing as unknown; where both are missing, one NVLink domain joins the devices (they are
 * then on different hosts, as a host lists all its own pairs). MIG instances have no links.
 */
export function pairRank(a: LinkedDevice, b: LinkedDevice): number {
  if (a.mig || b.mig) return 0;
  const there = a.links[b.deviceId];
  const back = b.links[a.deviceId];
  if (there === undefined && back === undefined) {
    return sameFabric(a.fabric, b.fabric) ? linkRank(fabricLink) : 0;
  }
  return Math.min(linkRank(there), linkRank(back));
}

function sameFabric(a: PoolDevice['fabric'], b: PoolDevice['fabric']): boolean {
  return a !== null && b !== null && a.clusterUuid === b.clusterUuid && a.cliqueId === b.cliqueId;
}

/**
 * Scores of go-gpuallocator and HAMi, proportional to bandwidth: SYS 10, NODE 20, PHB 30, PXB 40,
 * PIX 50, 100 for each NVLink.
 */
export const linkScore = (rank: number): number =>
  isNvLink(rank) ? 100 * (rank - nvlink) : 10 * rank;
