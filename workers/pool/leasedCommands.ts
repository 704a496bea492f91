import type { Logger } from '../../activities/platform/logging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Lease } from '../../workflows/contracts/lease.ts';
import type {
  LatencyMessage,
  OveruseMessage,
  PoolConfig,
} from '../../workflows/contracts/pool/messages.ts';
import type { Command } from '../commands/command.ts';
import { type CommandRecord, createCommandStore } from '../commands/commandRecord.ts';
import { type Commands, createCommands } from '../commands/commands.ts';
import { foreignDevice, type LendableDevice } from '../commands/shares.ts';
import type { DeviceWork } from './deviceWork.ts';
import type { Epoch } from './epochKey.ts';
import type { HostWork } from './hostWork.ts';
import type { PoolLink } from './poolLink.ts';
import { retrying } from './retrying.ts';

export interface LeasedCommandsDeps {
  paths: Paths;
  devices: ReadonlyMap<string, LendableDevice>;
  deviceWork: DeviceWork;
  times: PoolConfig;
  links(): readonly PoolLink[];
  stopped: AbortSignal;
  resumeMs?: number;
  logger: Logger;
}

export interface LeasedCommands {
  commands: Commands;
  /** Everything that runs under leases: device workers' and commands'. */
  work: HostWork;
  /** Tells a command's pool what was seen of it. */
  tell: {
    overuse(command: Command, message: OveruseMessage): Promise<void>;
    latency(command: Command, message: LatencyMessage): Promise<void>;
  };
}

/** Joins this host's commands with the pools that lend to them. */
export function createLeasedCommands(deps: LeasedCommandsDeps): LeasedCommands {
  const { paths, devices, deviceWork, times, stopped, resumeMs, logger } = deps;

  function linkOf(lease: Lease): PoolLink {
    const link = deps.links().find(({ pool }) => pool === lease.pool);
    if (link !== undefined) return link;
    throw berthError(
      'InvalidRequest',
      `lease ${lease.leaseId}: pool ${lease.pool} has no devices of this host (see BERTH_POOL)`,
    );
  }

  const commands = createCommands({
    store: createCommandStore(paths.commands, logger),
    runFolder: paths.run,
    devices,
    graceMs: times.graceMs,
    resumeMs,
    async confirm(lease) {
      const held = await linkOf(lease).find(lease.leaseId);
      const wrong = lease.devices.find(
        ({ deviceId, epoch }) =>
          !held?.devices.some((own) => own.deviceId === deviceId && own.epoch === epoch),
      );
      if (held !== undefined && wrong === undefined) return held.trustDomain;
      throw berthError(
        'LeaseFenced',
        `lease ${lease.leaseId}: pool ${lease.pool} does not hold it on this host; acquire a new lease`,
      );
    },
    onBegin(record) {
      const foreign = foreignDevice(record.lease, devices);
      if (foreign !== undefined) {
        throw berthError('NoSuchDevice', `device ${foreign.deviceId} is no longer on this host`);
      }
      const { leaseId } = record.lease;
      const epochs = epochsOf(record);
      const { expiresAt } = record;
      linkOf(record.lease).deadlines.begin({ leaseId, epochs, expiresAt }, times.leaseLifeMs);
    },
    onOrphaned(record) {
      const { holder, lease } = record;
      const message = {
        leaseId: lease.leaseId,
        reason: 'berth run was killed',
        cleared: epochsOf(record),
      };
      void retrying(
        () => linkOf(record.lease).server.finishHold(holder, message),
        stopped,
        (error) => logger.warn({ error: String(error) }, 'the holder cannot be told yet'),
      );
    },
    logger,
  });

  const work: HostWork = {
    working: () => [...deviceWork.working(), ...commands.working()],
    live: deviceWork.live,
    epochs: deviceWork.epochs,
    async end({ leaseId, epochs }, why, withNotice) {
      const found = new Set(epochs.flatMap((epoch) => commands.ofEpoch(epoch) ?? []));
      const named = leaseId === null ? undefined : commands.find(leaseId);
      if (named !== undefined) found.add(named);
      await Promise.all(
        [...found].map((command) =>
          withNotice ? commands.over(command, why) : commands.end(command, why, 0),
        ),
      );
      await deviceWork.end(epochs);
    },
    revoke: (lease) => commands.revoke(lease),
    renewed(leaseId, expiresAt) {
      commands
        .find(leaseId)
        ?.renewed(expiresAt)
        .catch((error) => logger.warn({ leaseId, error: String(error) }, 'lease file not written'));
    },
  };

  return {
    commands,
    work,
    tell: {
      overuse: ({ record }, message) => linkOf(record.lease).server.signal('overuse', message),
      latency: ({ record }, message) => linkOf(record.lease).server.signal('latency', message),
    },
  };
}

const epochsOf = ({ lease }: CommandRecord): Epoch[] =>
  lease.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));
