import type { HostReport } from '../../contracts/pool/devices.ts';
import { lookup } from '../lookup.ts';
import type { DeviceState, HeldLease, HostState, PoolState } from '../state.ts';
import { clearShares, dropMissing } from './clearShares.ts';
import { clearUnknown } from './clearUnknown.ts';
import { takeDevices } from './reportedDevices.ts';
import { epochsOf, isFields, isFiniteNumber, isKey } from './untrusted.ts';

/** Restarts of a supervisor whose late reports are still told apart. */
const rememberedGenerations = 8;
/** Shown as the holder of what is cleared; no request's id. */
const unknownLease = 'unknown';
const maxCpuMilli = 1e8;
const maxMemoryMib = 2 ** 32;

/**
 * A host's heartbeat: it is alive, has these devices, and works under these epochs, whose leases
 * are renewed. A report that is older than one that was taken changes nothing.
 *
 * Children of a supervisor die with it, and a lapsed host has ended what it ran before it comes
 * back. So a new generation, and the first report after a lapse, prove that ended leases whose epochs
 * are not at work have stopped.
 */
export function takeReport(state: PoolState, report: HostReport, now: number): PoolState {
  if (!isKey(report?.hostId) || !isKey(report.generation) || !isSequence(report.sequence)) {
    return state;
  }
  const { hostId, generation } = report;
  const before = lookup(state.hosts, hostId);
  if (before !== undefined && isOld(before, report)) return state;
  const working = epochsOf(report.working);
  const host: HostState = {
    hostId,
    generation,
    formerGenerations: formerGenerations(before, generation),
    sequence: report.sequence,
    cpuMilli: clamp(report.cpuMilli, maxCpuMilli),
    memoryMib: clamp(report.memoryMib, maxMemoryMib),
    lastHeartbeatAt: now,
    draining: report.draining === true,
    lapsed: false,
  };
  let next: PoolState = { ...state, hosts: { ...state.hosts, [hostId]: host } };
  next = takeDevices(next, hostId, report.devices);
  next = takeEpochs(next, hostId, report.epochs);
  if (before === undefined) next = awaitUnknown(next, hostId, working, now);
  if (before?.lapsed === true || before?.generation !== generation) {
    next = clearIdle(next, hostId, working);
  }
  if (working.length > 0) next = clearUnknown(next, state, hostId, working, now);
  return dropMissing(renew(next, hostId, working, now));
}

/**
 * A pool that has lost its memory, or a device that another pool had, finds work under leases that it
 * does not know. The device is lent only once its host has ended that work.
 */
function awaitUnknown(state: PoolState, hostId: string, working: Epochs, now: number): PoolState {
  const devices = { ...state.devices };
  for (const { deviceId, epoch } of working) {
    const device = lookup(devices, deviceId);
    if (device?.hostId !== hostId || isKnown(state, device, epoch)) continue;
    const isFirst = device.clearing.length === 0;
    const taken = isFirst
      ? { milli: 1000, memoryMib: device.memoryMib }
      : { milli: 0, memoryMib: 0 };
    const share = { leaseId: unknownLease, epoch, ...taken, since: now };
    devices[deviceId] = { ...device, clearing: [...device.clearing, share] };
  }
  return { ...state, devices };
}

function isKnown(state: PoolState, { deviceId, clearing }: DeviceState, epoch: number): boolean {
  const isHeld = ({ devices }: HeldLease) =>
    devices.some((held) => held.deviceId === deviceId && held.epoch === epoch);
  return (
    clearing.some((share) => share.epoch === epoch) || Object.values(state.leases).some(isHeld)
  );
}

/** Nobody grants so often; a number that cannot grow any more would end all grants of a device. */
const maxEpoch = 2 ** 48;

/** A device that another pool has lent before is lent only under epochs that its fence has not seen. */
function takeEpochs(state: PoolState, hostId: string, reported: unknown): PoolState {
  if (!isFields(reported)) return state;
  const epochs = { ...state.epochs };
  for (const [deviceId, epoch] of Object.entries(reported)) {
    if (lookup(state.devices, deviceId)?.hostId !== hostId) continue;
    if (!Number.isSafeInteger(epoch) || Number(epoch) < 1 || Number(epoch) > maxEpoch) continue;
    epochs[deviceId] = Math.max(lookup(epochs, deviceId) ?? 0, Number(epoch));
  }
  return { ...state, epochs };
}

const isSequence = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

const clamp = (value: unknown, most: number): number =>
  isFiniteNumber(value) ? Math.min(most, Math.max(0, Math.floor(value))) : 0;

function isOld(before: HostState, { generation, sequence }: HostReport): boolean {
  return generation === before.generation
    ? sequence <= before.sequence
    : (before.formerGenerations ?? []).includes(generation);
}

function formerGenerations(before: HostState | undefined, generation: string): string[] {
  if (before === undefined) return [];
  const former = before.formerGenerations ?? [];
  if (before.generation === generation) return former;
  return [before.generation, ...former].slice(0, rememberedGenerations);
}

type Epochs = readonly { deviceId: string; epoch: number }[];

function clearIdle(state: PoolState, hostId: string, working: Epochs): PoolState {
  const busy = new Set(working.map(key));
  const idle = Object.values(state.devices)
    .filter((device) => device.hostId === hostId)
    .flatMap(({ deviceId, clearing }) => clearing.map(({ epoch }) => ({ deviceId, epoch })))
    .filter((share) => !busy.has(key(share)));
  return clearShares(state, idle);
}

const key = ({ deviceId, epoch }: { deviceId: string; epoch: number }) => `${epoch} ${deviceId}`;

/** Work under one device's epoch renews the whole lease; a revoked one runs out. */
function renew(state: PoolState, hostId: string, working: Epochs, now: number): PoolState {
  const busy = new Set(
    working.filter(({ deviceId }) => lookup(state.devices, deviceId)?.hostId === hostId).map(key),
  );
  if (busy.size === 0) return state;
  const expiresAt = now + state.config.leaseLifeMs;
  const renewed = Object.values(state.leases)
    .filter((lease) => lease.revoking === null && lease.devices.some((held) => busy.has(key(held))))
    .map((lease) => [lease.leaseId, { ...lease, renewedAt: now, expiresAt }] as const);
  if (renewed.length === 0) return state;
  return { ...state, leases: { ...state.leases, ...Object.fromEntries(renewed) } };
}
