import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import type { Logger } from '../../../activities/platform/logging.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { DeviceSharing } from '../deviceSharing.ts';
import { createComputeMode } from './computeMode.ts';
import { terminateClients, withChildren } from './mpsClients.ts';
import {
  applyLimits,
  listClients,
  type MpsDaemon,
  type MpsDaemonDeps,
  openMpsDaemon,
} from './mpsDaemon.ts';
import { createMpsDaemons } from './mpsDaemons.ts';
import { mendMpsDaemon } from './mpsFaults.ts';
import { checkShare, shareEnvironment } from './mpsLimits.ts';
import { type MpsLimits, mpsLimits } from './mpsProcess.ts';
import type { NvmlProcesses } from './nvmlProcesses.ts';

/** CUDA contexts that one GPU takes under MPS: from Volta on, up to CUDA 13.0. */
const usualClients = 48;

export interface MpsSharingDeps {
  logger: Logger;
  env: NodeJS.ProcessEnv;
  /** mpsRoot */
  root: string;
  processes: NvmlProcesses;
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
  const { logger, processes } = deps;
  const limits = { ...mpsLimits, ...deps.limits };
  const daemonDeps: MpsDaemonDeps = {
    logger,
    env: withoutMps(deps.env),
    root: deps.root,
    computeMode: createComputeMode(logger, deps.env),
    limits,
  };
  const daemons = createMpsDaemons(daemonDeps);

  /** @throws BerthError NoDeviceFree while another domain has the GPU, StackUnavailable */
  const daemonFor = async (device: DeviceRecord, trustDomain: string): Promise<MpsDaemon> => {
    const present = daemons.of(device);
    if (present?.record.trustDomain === trustDomain) {
      await mendMpsDaemon(daemonDeps, present);
      return present;
    }
    if (present !== undefined) {
      await daemons.endUnlessBusy(device, present, `trust domain ${trustDomain}`);
    }
    const daemon = await openMpsDaemon(daemonDeps, device, trustDomain);
    daemons.add(daemon);
    return daemon;
  };

  return {
    kind: 'cuda',
    ready: () => daemons.recovered,

    prepare(device, share) {
      return daemons.inTurn(device.deviceId, async () => {
        checkShare(device.label, device.deviceId, share);
        if (daemons.closed()) {
          throw berthError('StackUnavailable', `${device.label}: Berth is going down`);
        }
        const daemon = await daemonFor(device, share.trustDomain);
        if (!daemon.shares.has(share.leaseId)) await checkClientLimit(device, daemon);
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
      // Not in turn: a revocation does not wait for a slow start. Nor does it fail: the kill must come.
      await daemons.recovered;
      const daemon = daemons.of(device);
      if (daemon === undefined) return;
      const about = { device: device.deviceId, lease: share.leaseId };
      try {
        // Their children only where they are named: one that is given time to end keeps its GPU.
        const clients = (await listClients(daemon)).filter(({ pid }) => pids.includes(pid));
        const left = await terminateClients(daemon.control, clients, limits.terminateMs);
        if (left.length === 0) return;
        logger.warn(
          { ...about, pids: left.map(({ pid }) => pid) },
          `${device.label}: MPS did not confirm the end of clients; killing them may put the server in FAULT`,
        );
      } catch (error) {
        logger.warn({ ...about, error: String(error) }, `${device.label}: MPS does not answer`);
      }
    },

    clear(device, share) {
      return daemons.inTurn(device.deviceId, async () => {
        const daemon = daemons.of(device);
        if (daemon === undefined) return;
        daemon.shares.delete(share.leaseId);
        if (await daemons.endIfIdle(daemon)) return;
        try {
          const mended = await mendMpsDaemon(daemonDeps, daemon);
          if (!mended) await applyLimits(daemon);
        } catch (error) {
          // The lease is over all the same; the watch goes on with the daemon.
          logger.error({ device: device.deviceId, error: String(error) }, 'MPS is in trouble');
        }
      });
    },

    release(device) {
      return daemons.inTurn(device.deviceId, async () => {
        const daemon = daemons.of(device);
        if (daemon !== undefined) await daemons.endUnlessBusy(device, daemon, 'the whole GPU');
      });
    },

    async close() {
      await daemons.close();
      await processes.close();
    },
  };
}

async function checkClientLimit(device: DeviceRecord, daemon: MpsDaemon): Promise<void> {
  const limit = device.maxShares ?? usualClients;
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
