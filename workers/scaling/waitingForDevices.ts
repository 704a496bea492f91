import type { PoolDescription } from '../../workflows/contracts/pool/description.ts';
import type { ScaleQueue } from './decideScale.ts';

/**
 * What waits and would start if there were more devices. Pure.
 * @param startable requestIds that more devices would let start; null when that is not known: all
 */
export function waitingForDevices(
  { queue, at }: Pick<PoolDescription, 'queue' | 'at'>,
  startable: ReadonlySet<string> | null,
): ScaleQueue {
  const waiting = queue.filter(({ requestId }) => startable?.has(requestId) ?? true);
  return {
    oldestWaitMs: Math.max(0, ...waiting.map(({ submittedAt }) => at - submittedAt)),
    waitingMilli: waiting.reduce((sum, { resources }) => sum + wanted(resources), 0),
    largestGang: Math.max(0, ...waiting.map(({ resources }) => resources.devices)),
  };
}

/** Everything that is wanted of devices, held or waited for, thousandths of a device. */
export function wantedMilli({ queue, leases }: Pick<PoolDescription, 'queue' | 'leases'>): number {
  const held = leases.flatMap(({ devices }) => devices.map(({ milli }) => milli));
  const waiting = queue.map(({ resources }) => wanted(resources));
  return [...held, ...waiting].reduce((sum, milli) => sum + milli, 0);
}

const wanted = ({ devices, milli }: { devices: number; milli: number }): number => devices * milli;
