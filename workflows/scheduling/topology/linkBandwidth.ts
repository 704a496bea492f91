import type { LinkType } from '../../contracts/pool/devices.ts';
import { isNvLink, linkRank } from './linkRank.ts';

/** What a machine's links are made of. */
export interface LinkGenerations {
  /** 1 Pascal, 2 Volta, 3 Ampere, 4 Hopper, 5 Blackwell. */
  nvlink: 1 | 2 | 3 | 4 | 5;
  /** 16 lanes each. */
  pcie: 3 | 4 | 5;
  /** Between hosts, for pairs without a link of their own, GB/s a device. */
  network: number;
}

/** One link in one direction, GB/s: half of what NVIDIA's data sheets give (P100 4 × 40, V100 6 × 50, A100 12 × 50, H100 18 × 50, B200 18 × 100). */
const perNvLink = { 1: 20, 2: 25, 3: 25, 4: 25, 5: 50 } as const;
/** 16 lanes in one direction, GB/s: 8, 16, 32 GT/s with 128b/130b coding (PCI Express base specification). */
const pcieX16 = { 3: 15.75, 4: 31.5, 5: 63 } as const;

/**
 * Nominal bandwidth between two devices in one direction, GB/s. All paths over PCIe count as its full
 * 16 lanes, although those through host bridges and between sockets reach less: what is left of them
 * depends on the machine.
 */
export function linkBandwidth(link: LinkType | null, made: LinkGenerations): number {
  const rank = link === null ? 0 : linkRank(link);
  if (isNvLink(rank)) return (rank - linkRank('PIX')) * perNvLink[made.nvlink];
  return rank > 0 ? pcieX16[made.pcie] : made.network;
}
