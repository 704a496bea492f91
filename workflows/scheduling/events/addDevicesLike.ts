import type { LinkType } from '../../contracts/pool/devices.ts';
import { lookup } from '../lookup.ts';
import type { DeviceState, PoolState } from '../state.ts';
import { linkRank } from '../topology/linkRank.ts';

/** No question is about more. */
const most = 1024;

/**
 * Devices on the host of an existing one (by id, else the first of that model), linked to the others
 * as that one is, and to it and to each other by its best link. An unknown one adds nothing.
 */
export function addDevicesLike(
  state: PoolState,
  { like, count }: { like: string; count: number },
): PoolState {
  const model =
    lookup(state.devices, like) ??
    Object.values(state.devices).find((device) => device.model === like);
  if (!model || !Number.isSafeInteger(count) || count < 1) return state;
  const added = Array.from({ length: Math.min(count, most) }, (_, at) => `what-if.${at + 1}`);
  const best = bestLink(model);
  const near = best ? [model.deviceId, ...added] : [];
  const devices: Record<string, DeviceState> = { ...state.devices };
  for (const [id, device] of Object.entries(state.devices)) {
    const link = id === model.deviceId ? best : device.links[model.deviceId];
    if (link) devices[id] = { ...device, links: { ...device.links, ...linksTo(added, link) } };
  }
  for (const deviceId of added) {
    const others = near.filter((id) => id !== deviceId);
    devices[deviceId] = {
      ...model,
      deviceId,
      label: deviceId,
      links: { ...model.links, ...(best ? linksTo(others, best) : {}) },
      draining: false,
      clearing: [],
      missing: false,
    };
  }
  return { ...state, devices };
}

function bestLink({ links }: DeviceState): LinkType | undefined {
  return Object.values(links).sort((a, b) => linkRank(b) - linkRank(a))[0];
}

const linksTo = (ids: readonly string[], link: LinkType): Record<string, LinkType> =>
  Object.fromEntries(ids.map((id) => [id, link]));
