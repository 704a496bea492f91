import type { FailureType } from '../../contracts/errors.ts';
import type { DrainInput, DrainResult } from '../../contracts/pool/messages.ts';
import { lookup } from '../lookup.ts';
import type { DeviceState, HeldLease, PoolState } from '../state.ts';
import { askRevocation, unaskRevocation } from './askRevocation.ts';
import { dropMissing } from './clearShares.ts';

type Refused = { refusal: { type: FailureType; message: string } };

/**
 * Takes devices out of lending, or back in. What holds them ends by itself, unless `revoke`: then
 * the next `schedule` gives notice. A host as the target means all devices that it has now.
 */
export function drainDevices(
  state: PoolState,
  input: DrainInput,
  _now: number,
): { state: PoolState; result: DrainResult } | Refused {
  const target = input?.target;
  const found = findDevices(state, target);
  if ('refusal' in found) return found;
  const drain = input.drain === true;
  const devices = { ...state.devices };
  for (const device of found) devices[device.deviceId] = { ...device, draining: drain };
  const ids = new Set(found.map(({ deviceId }) => deviceId));
  const touched = Object.values(state.leases).filter((lease) => holds(lease, ids));
  const message = `${target} is being drained`;
  const asked = touched.reduce(
    (left, { leaseId }) => {
      if (!drain) return unaskRevocation(left, leaseId, 'drained');
      return input.revoke === true ? askRevocation(left, leaseId, 'drained', message) : left;
    },
    { ...state, devices },
  );
  const result = found.map(({ deviceId }) => ({
    deviceId,
    draining: drain,
    leases: touched.filter((lease) => holds(lease, new Set([deviceId]))).length,
  }));
  return { state: dropMissing(asked), result: { devices: result } };
}

const holds = (lease: HeldLease, ids: Set<string>): boolean =>
  lease.devices.some(({ deviceId }) => ids.has(deviceId));

function findDevices(state: PoolState, target: unknown): DeviceState[] | Refused {
  const exact = lookup(state.devices, target);
  if (exact !== undefined) return [exact];
  const all = Object.values(state.devices);
  const ofHost = all.filter(({ hostId }) => hostId === target);
  if (ofHost.length > 0) return ofHost;
  const named = all.filter(({ label }) => label === target);
  if (named.length === 1) return named;
  const what = `device ${JSON.stringify(target) ?? 'undefined'}`;
  const message =
    named.length === 0
      ? `${what}: expected the id or label of a device, or the id of a host, of pool ${state.pool}; berth pool lists them`
      : `${what}: ${named.length} devices have that label; give one of their ids: ${named.map(({ deviceId }) => deviceId).join(', ')}`;
  return { refusal: { type: 'InvalidRequest', message } };
}
