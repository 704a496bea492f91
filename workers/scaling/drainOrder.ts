import type { DeviceDescription } from '../../workflows/contracts/pool/description.ts';

/** Those to do without first: free ones, then the ones with the fewest holders; of equals the last. */
export function drainOrder(devices: readonly DeviceDescription[]): DeviceDescription[] {
  return devices.toReversed().sort((a, b) => a.holders.length - b.holders.length);
}

/** Nobody holds any of it, and nothing of an earlier lease is left on it. */
export const isEmpty = ({ holders, freeMilli }: DeviceDescription): boolean =>
  holders.length === 0 && freeMilli >= 1000;

/** It is lent, or can be. */
export const isLendable = ({ state }: Pick<DeviceDescription, 'state'>): boolean =>
  state !== 'draining' && state !== 'lapsed';
