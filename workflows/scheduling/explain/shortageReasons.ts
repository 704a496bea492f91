import type { WaitReason } from '../../contracts/pool/description.ts';
import { topLevelTeam } from '../fairness/teamTree.ts';
import { deviceSuits } from '../placement/deviceFits.ts';
import type { IndexNode, PlacementDevice, PlacementIndex } from '../placement/placementIndex.ts';
import { type Task, taskOf } from '../placement/task.ts';
import type { DeviceState, PoolState, WaitingRequest } from '../state.ts';
import { fractionReasons } from './fractionReasons.ts';
import { wholeReasons } from './wholeReasons.ts';

/** A device that is of the kind asked for and in service, with its host. */
export interface Suited {
  node: IndexNode;
  device: PlacementDevice;
}

/** Why nothing that is free will do: what is short, and by how much. */
export function shortageReasons(
  state: PoolState,
  index: PlacementIndex,
  { request }: WaitingRequest,
  domain: string,
): WaitReason[] {
  const task = taskOf(request.resources, domain);
  const suited = index.nodes
    .filter(({ hostId }) => task.hosts.length === 0 || task.hosts.includes(hostId))
    .flatMap((node) => node.devices.map((device) => ({ node, device })))
    .filter(({ device }) => deviceSuits(device, task));
  const present = suited.filter(({ device }) => !state.devices[device.deviceId]?.missing);
  if (present.length === 0) return [noSuchModel(state, task)];
  const usable = present.filter(({ device }) => device.available);
  const heldBy = holdersOf(state, new Set(present.map(({ device }) => device.deviceId)));
  const short =
    usable.length === 0
      ? []
      : task.whole
        ? wholeReasons(task, usable, heldBy)
        : fractionReasons(request.team, task, usable, heldBy);
  return [...short, ...outOfService(state, present)];
}

function noSuchModel(state: PoolState, task: Task): WaitReason {
  const asked = [task.migProfile && `MIG ${task.migProfile}`, task.kind, ...task.hosts];
  const models =
    task.models.length > 0 ? task.models : asked.filter((text): text is string => !!text);
  const present = Object.values(state.devices)
    .filter(({ missing }) => !missing)
    .map(({ model }) => model);
  return { token: 'no-such-model', models, present: [...new Set(present)].sort() };
}

function holdersOf(state: PoolState, ids: ReadonlySet<string>) {
  const counts = new Map<string, number>();
  for (const { request, devices } of Object.values(state.leases)) {
    const own = devices.filter(({ deviceId }) => ids.has(deviceId)).length;
    const team = topLevelTeam(request.team);
    if (own > 0) counts.set(team, (counts.get(team) ?? 0) + own);
  }
  return [...counts]
    .map(([team, devices]) => ({ team, devices }))
    .sort((a, b) => b.devices - a.devices || (a.team < b.team ? -1 : 1));
}

/** Devices of the kind asked for that nobody can have at present. */
function outOfService(state: PoolState, present: readonly Suited[]): WaitReason[] {
  const devices = present.flatMap(({ device }) => state.devices[device.deviceId] ?? []);
  const hostOf = ({ hostId }: DeviceState) => state.hosts[hostId];
  const lapsed = devices.filter((device) => hostOf(device)?.lapsed === true);
  const draining = devices.filter(
    (device) => !lapsed.includes(device) && (device.draining || hostOf(device)?.draining),
  );
  const clearing = devices.filter(
    (device) =>
      device.clearing.length > 0 && !lapsed.includes(device) && !draining.includes(device),
  );
  const reasons: WaitReason[] = [];
  if (clearing.length > 0) reasons.push({ token: 'clearing', devices: clearing.length });
  if (draining.length > 0) reasons.push({ token: 'draining', devices: draining.length });
  if (lapsed.length > 0) {
    const hosts = new Set(lapsed.map(({ hostId }) => hostId)).size;
    reasons.push({ token: 'host-lapsed', hosts, devices: lapsed.length });
  }
  return reasons;
}
