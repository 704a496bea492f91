import { buildIndex } from '../placement/indexFromState.ts';
import type { PlacementIndex } from '../placement/placementIndex.ts';
import type { DeviceState, HostState, PoolState } from '../state.ts';

const remembered = new WeakMap<
  PoolState['devices'],
  { hosts: PoolState['hosts']; index: PlacementIndex }
>();

/**
 * The pool as if nobody held anything, nothing drained and every host answered: what does not fit
 * here never will on the present devices. Not to be changed, as it is kept for the next question.
 */
export function emptiedIndex(state: PoolState): PlacementIndex {
  const found = remembered.get(state.devices);
  if (found?.hosts === state.hosts) return found.index;
  const devices: Record<string, DeviceState> = {};
  for (const [id, device] of Object.entries(state.devices)) {
    devices[id] = { ...device, draining: false, clearing: [] };
  }
  const hosts: Record<string, HostState> = {};
  for (const [id, host] of Object.entries(state.hosts)) {
    hosts[id] = { ...host, draining: false, lapsed: false };
  }
  const index = buildIndex({ ...state, devices, hosts, leases: {}, waiting: {} }, state.tickAt);
  remembered.set(state.devices, { hosts: state.hosts, index });
  return index;
}
