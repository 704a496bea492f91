import { rm } from 'node:fs/promises';
import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import { writeJsonAtomic } from '../../../activities/platform/atomicFile.ts';
import type { Logger } from '../../../activities/platform/logging.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../supervisor/procfs.ts';
import type { DeviceShare } from '../deviceSharing.ts';
import type { ComputeMode } from './computeMode.ts';
import { createMpsControl, type MpsClient, type MpsControl } from './mpsControl.ts';
import { type MpsFolder, type MpsRecord, makeMpsFolder, mpsFolder } from './mpsFolder.ts';
import { limitCommands } from './mpsLimits.ts';
import { findMpsProcess, type MpsLimits, startMpsProcess, stopMpsProcess } from './mpsProcess.ts';

export interface MpsDaemonDeps {
  logger: Logger;
  /** Without CUDA_MPS_* of its own. */
  env: NodeJS.ProcessEnv;
  /** mpsRoot */
  root: string;
  computeMode: ComputeMode;
  limits: MpsLimits;
}

/** The control daemon of one GPU, of one trust domain, with the shares that it serves. */
export interface MpsDaemon {
  readonly folder: MpsFolder;
  readonly control: MpsControl;
  record: MpsRecord;
  process: ProcessIdentity | undefined;
  /** As last seen: a daemon that was killed leaves them behind. */
  servers: ProcessIdentity[];
  /** By leaseId. */
  shares: Map<string, DeviceShare>;
}

export const isServing = (daemon: MpsDaemon): boolean =>
  daemon.process !== undefined && isAlive(daemon.process);

/** @throws BerthError StackUnavailable */
export async function openMpsDaemon(
  deps: MpsDaemonDeps,
  device: DeviceRecord,
  trustDomain: string,
): Promise<MpsDaemon> {
  const folder = mpsFolder(deps.root, device.deviceId, trustDomain);
  const daemon = attachMpsDaemon(deps, folder, {
    deviceId: device.deviceId,
    label: device.label,
    trustDomain,
    computeMode: null,
    faults: 0,
    lastFaultAt: null,
  });
  await makeMpsFolder(deps.root, folder);
  const before = await deps.computeMode.read(device.deviceId);
  // Written first: who comes after a kill between here and the change can still give it back.
  daemon.record.computeMode = before === 'EXCLUSIVE_PROCESS' ? null : before;
  await writeJsonAtomic(folder.record, daemon.record);
  daemon.record.computeMode = await deps.computeMode.makeExclusive(device.deviceId);
  await writeJsonAtomic(folder.record, daemon.record);
  try {
    await startServing(deps, daemon);
  } catch (error) {
    await closeMpsDaemon(deps, daemon);
    throw error;
  }
  deps.logger.info({ device: device.deviceId, trustDomain }, 'MPS serves the GPU');
  return daemon;
}

/** The daemon of a folder, as it is: nothing is started. */
export function attachMpsDaemon(
  deps: MpsDaemonDeps,
  folder: MpsFolder,
  record: MpsRecord,
): MpsDaemon {
  return {
    folder,
    control: createMpsControl({ pipe: folder.pipe, env: deps.env }),
    record,
    process: findMpsProcess(folder),
    servers: [],
    shares: new Map(),
  };
}

export async function startServing(deps: MpsDaemonDeps, daemon: MpsDaemon): Promise<void> {
  const { folder, control, record } = daemon;
  await makeMpsFolder(deps.root, folder);
  daemon.process = await startMpsProcess(
    record.deviceId,
    folder,
    control,
    deps.env,
    deps.limits.startMs,
  );
  await applyLimits(daemon);
}

/** Sets what clients without limits of their own get; settings are lost whenever the daemon quits. */
export async function applyLimits(daemon: MpsDaemon): Promise<void> {
  const commands = limitCommands([...daemon.shares.values()], await daemon.control.servers());
  for (const command of commands) await daemon.control.run(command);
}

export async function listClients(daemon: MpsDaemon): Promise<MpsClient[]> {
  return isServing(daemon) ? daemon.control.clients() : [];
}

export async function noteServers(daemon: MpsDaemon): Promise<number[]> {
  const pids = await daemon.control.servers();
  daemon.servers = pids.flatMap((pid) => identifyProcess(pid) ?? []);
  return pids;
}

export async function stopServing(deps: MpsDaemonDeps, daemon: MpsDaemon): Promise<void> {
  const { process, folder, control, record, servers } = daemon;
  const quit = await stopMpsProcess(process, folder, control, deps.limits.quitMs, servers);
  daemon.process = undefined;
  daemon.servers = [];
  if (!quit) {
    deps.logger.warn(
      { device: record.deviceId, trustDomain: record.trustDomain },
      'MPS did not quit in time and was killed',
    );
  }
}

/** Ends the daemon, gives the GPU's compute mode back and removes the folder. */
export async function closeMpsDaemon(deps: MpsDaemonDeps, daemon: MpsDaemon): Promise<void> {
  await stopServing(deps, daemon);
  await deps.computeMode.restore(daemon.record.deviceId, daemon.record.computeMode);
  await rm(daemon.folder.root, { recursive: true, force: true });
}
