import pLimit, { type LimitFunction } from 'p-limit';
import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import type { Logger } from '../../../activities/platform/logging.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { DeviceSharing } from '../deviceSharing.ts';
import { createComputeMode } from './computeMode.ts';
import { terminateClients, withChildren } from './mpsClients.ts';
import {
  applyLimits,
  closeMpsDaemon,
  listClients,
  type MpsDaemon,
  type MpsDaemonDeps,
  openMpsDaemon,
} from './mpsDaemon.ts';
import { mendMpsDaemon } from './mpsFaults.ts';
import { takeOverLeftovers } from './mpsLeftovers.ts';
import { checkShare, shareEnvironment } from './mpsLimits.ts';
import { type MpsLimits, mpsLimits } from './mpsProcess.ts';
import type { NvmlProcesses } from './nvmlProcesses.ts';

export interface MpsSharingDeps {
  logger: Logger;
  env: NodeJS.ProcessEnv;
  /** mpsRoot */
  root: string;
  processes: NvmlProcesses;
  /** CUDA contexts that one GPU takes; 48 from Volta on, up to CUDA 13.0. */
  clientLimit?: (device: DeviceRecord) => number;
  limits?: Partial<MpsLimits>;
}

export interface MpsSharing extends DeviceSharing {
  /** Resolves once leftovers of an earlier supervisor are quit or taken over. */
  ready(): Promise<void>;
  /** Gives the GPU back for use as a whole. @throws BerthError NoDeviceFree while it is shared */
  release(device: DeviceRecord): Promise<void>;
}

/**
 * Parts of GPUs by NVIDIA MPS: one control daemon per GPU and trust domain, with one domain at a time
 * on a GPU, for an error of one client ends all clients of its server. Memory and compute are limits of
 * each process; what a lease uses in sum is told by `usedMib`.
 */
export function createMpsSharing(deps: MpsSharingDeps): MpsSharing {
  const { logger, processes, clientLimit = () => 48 } = deps;
  const daemonDeps: MpsDaemonDeps = {
    logger,
    env: withoutMps(deps.env),
    root: deps.root,
    computeMode: createComputeMode(logger, deps.env),
    limits: { ...mpsLimits, ...deps.limits },
  };
  const { limits } = daemonDeps;
  const daemons = new Map<string, MpsDaemon>();
  const turns = new Map<string, LimitFunction>();
  let watch: NodeJS.Timeout | undefined;
  let closed = false;

  const recovered = takeOverLeftovers(daemonDeps)
    .then((left) => {
      for (const daemon of left) daemons.set(daemon.record.deviceId, daemon);
    })
    .catch((error) => logger.error({ error: String(error) }, 'leftover MPS could not be ended'));

  /** One change of a GPU at a time. */
  const inTurn = async <T>(deviceId: string, work: () => Promise<T>): Promise<T> => {
    await recovered;
    const turn = turns.get(deviceId) ?? pLimit(1);
    turns.set(deviceId, turn);
    return turn(work);
  };

  const end = async (daemon: MpsDaemon) => {
    daemons.delete(daemon.record.deviceId);
    await closeMpsDaemon(daemonDeps, daemon);
  };

  const endUnlessBusy = async (device: DeviceRecord, daemon: MpsDaemon, wanted: string) => {
    const clients = await listClients(daemon);
    if (clients.length === 0 && daemon.shares.size === 0) return end(daemon);
    throw berthError(
      'NoDeviceFree',
      `${device.label}: shared by trust domain ${daemon.record.trustDomain} (${daemon.shares.size} leases, ${clients.length} processes), asked for ${wanted}; wait until they have ended`,
    );
  };

  const lookAfter = (daemon: MpsDaemon) =>
    inTurn(daemon.record.deviceId, async () => {
      if (closed || daemons.get(daemon.record.deviceId) !== daemon) return;
      await mendMpsDaemon(daemonDeps, daemon);
      if (daemon.shares.size === 0 && (await listClients(daemon)).length === 0) await end(daemon);
    }).catch((error) =>
      logger.error({ device: daemon.record.deviceId, error: String(error) }, 'MPS is in trouble'),
    );

  const watchAll = async () => {
    await recovered;
    await Promise.all([...daemons.values()].map(lookAfter));
    if (!closed) watch = setTimeout(watchAll, limits.watchMs).unref();
  };
  watch = setTimeout(watchAll, limits.watchMs).unref();

  return {
    kind: 'cuda',
    ready: () => recovered,

    prepare(device, share) {
      return inTurn(device.deviceId, async () => {
        checkShare(device.label, device.deviceId, share);
        if (closed) throw berthError('StackUnavailable', `${device.label}: Berth is going down`);
        const present = daemons.get(device.deviceId);
        if (present !== undefined && present.record.trustDomain !== share.trustDomain) {
          await endUnlessBusy(device, present, `trust domain ${share.trustDomain}`);
        }
        const daemon =
          daemons.get(device.deviceId) ??
          (await openMpsDaemon(daemonDeps, device, share.trustDomain));
        daemons.set(device.deviceId, daemon);
        await mendMpsDaemon(daemonDeps, daemon);
        if (!daemon.shares.has(share.leaseId)) {
          await checkClientLimit(device, daemon, clientLimit(device));
        }
        daemon.shares.set(share.leaseId, share);
        await applyLimits(daemon);
        return {
          env: shareEnvironment(device.deviceId, share, daemon.folder.pipe),
          cores: device.cores,
          dataLimitBytes: null,
          cgroup: null,
        };
      });
    },

    usedMib(device, _share, pids) {
      return processes.usedMib(device.deviceId, withChildren(pids));
    },

    async quiesce(device, share, pids) {
      // Not in turn: a revocation does not wait for a slow start.
      await recovered;
      const daemon = daemons.get(device.deviceId);
      if (daemon === undefined) return;
      const wanted = withChildren(pids);
      const clients = (await listClients(daemon)).filter(({ pid }) => wanted.has(pid));
      const left = await terminateClients(daemon.control, clients, limits.terminateMs);
      if (left.length === 0) return;
      logger.warn(
        { device: device.deviceId, lease: share.leaseId, pids: left.map(({ pid }) => pid) },
        `${device.label}: MPS did not confirm the end of clients; killing them may put the server in FAULT`,
      );
    },

    clear(device, share) {
      return inTurn(device.deviceId, async () => {
        const daemon = daemons.get(device.deviceId);
        if (daemon === undefined) return;
        daemon.shares.delete(share.leaseId);
        if (await mendMpsDaemon(daemonDeps, daemon)) return endIfIdle(daemon);
        if (daemon.shares.size > 0) return applyLimits(daemon);
        return endIfIdle(daemon);
      });
    },

    release(device) {
      return inTurn(device.deviceId, async () => {
        const daemon = daemons.get(device.deviceId);
        if (daemon !== undefined) await endUnlessBusy(device, daemon, 'the whole GPU');
      });
    },

    async close() {
      closed = true;
      await recovered;
      clearTimeout(watch);
      await Promise.all(
        [...daemons.values()].map((daemon) => inTurn(daemon.record.deviceId, () => end(daemon))),
      );
      await processes.close();
    },
  };

  async function endIfIdle(daemon: MpsDaemon): Promise<void> {
    if (daemon.shares.size === 0 && (await listClients(daemon)).length === 0) await end(daemon);
  }
}

async function checkClientLimit(
  device: DeviceRecord,
  daemon: MpsDaemon,
  limit: number,
): Promise<void> {
  const clients = (await listClients(daemon)).length;
  if (Math.max(clients, daemon.shares.size) < limit) return;
  throw berthError(
    'NoDeviceFree',
    `${device.label}: ${daemon.shares.size} leases with ${clients} processes share it already, MPS takes ${limit} of a GPU; wait until one has ended`,
  );
}

/** What this process was given for an MPS of somebody else's must not reach ours. */
function withoutMps(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('CUDA_MPS_')));
}
