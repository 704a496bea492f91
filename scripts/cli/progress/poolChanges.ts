import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import { formatWish } from '../format/pool.ts';

export interface PoolChange {
  /** ISO 8601 */
  at: string;
  what: 'device' | 'waiting' | 'granted' | 'revoking' | 'ended' | 'left';
  /** Of the device, request or lease. */
  id: string;
  text: string;
}

/** What happened between two looks at a pool; at the first look, all that is there. */
export function poolChanges(
  before: PoolDescription | undefined,
  now: PoolDescription,
): PoolChange[] {
  const at = new Date(now.at).toISOString();
  const change = (what: PoolChange['what'], id: string, text: string) => ({ at, what, id, text });
  const devices = new Map(before?.devices.map((device) => [device.deviceId, device]));
  const leases = new Map(before?.leases.map((lease) => [lease.leaseId, lease]));
  const queue = new Map(before?.queue.map((waiting) => [waiting.requestId, waiting]));
  const held = new Set(now.leases.map(({ leaseId }) => leaseId));
  const holds = new Set(now.leases.map(({ requestId }) => requestId));
  const waits = new Set(now.queue.map(({ requestId }) => requestId));
  return [
    ...now.devices
      .filter(({ deviceId, state }) => devices.get(deviceId)?.state !== state)
      .map(({ deviceId, label, state }) => change('device', deviceId, `${label} is ${state}`)),
    ...[...leases.keys()]
      .filter((leaseId) => !held.has(leaseId))
      .map((leaseId) => change('ended', leaseId, `lease ${leaseId} has ended`)),
    ...now.leases
      .filter(({ leaseId }) => !leases.has(leaseId))
      .map(({ leaseId, team, devices: own }) =>
        change(
          'granted',
          leaseId,
          `lease ${leaseId} of ${team} on ${own.map(({ deviceId }) => deviceId).join(', ')}`,
        ),
      ),
    ...now.leases
      .filter(({ leaseId, revoking }) => revoking && leases.get(leaseId)?.revoking !== revoking)
      .map(({ leaseId, revoking }) =>
        change('revoking', leaseId, `lease ${leaseId} is being taken back: ${revoking}`),
      ),
    ...[...queue.keys()]
      .filter((requestId) => !waits.has(requestId) && !holds.has(requestId))
      .map((requestId) => change('left', requestId, `request ${requestId} no longer waits`)),
    ...now.queue
      .filter(({ requestId }) => !queue.has(requestId))
      .map(({ requestId, team, position, resources }) =>
        change(
          'waiting',
          requestId,
          `request ${requestId} of ${team} waits in place ${position}: ${formatWish(resources)}`,
        ),
      ),
  ];
}
