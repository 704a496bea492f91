import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../activities/platform/logging.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Lease } from '../../workflows/contracts/lease.ts';
import type { HostLease } from '../../workflows/contracts/pool/messages.ts';
import { type Epoch, epochKey } from '../pool/epochKey.ts';
import type { Ending } from '../pool/hostWork.ts';
import { type Command, createCommand, leastNoticeMs } from './command.ts';
import type { CommandRecord, CommandStore } from './commandRecord.ts';
import { leaseFilePath } from './leaseFile.ts';
import { leaseIdPattern } from './leaseId.ts';
import type { RunnerMessage } from './protocol.ts';
import { createShares, foreignDevice, type LendableDevice } from './shares.ts';

type Prepare = Extract<RunnerMessage, { type: 'prepare' }>;

export interface CommandsDeps {
  store: CommandStore;
  /** paths.run */
  runFolder: string;
  devices: ReadonlyMap<string, LendableDevice>;
  graceMs: number;
  /** A runner whose connection was lost may come back for so long, ms: its supervisor restarted. */
  resumeMs?: number;
  /**
   * Asks the pool whether it holds the lease, with these epochs.
   * @returns the lease's trust domain
   * @throws BerthError LeaseFenced, InvalidRequest (a pool that is not ours), StackUnavailable
   */
  confirm(lease: Lease): Promise<string>;
  /** A lease is about to be used here. @throws BerthError InvalidRequest for a pool that is not ours */
  onBegin(record: CommandRecord): void;
  /** A command has been ended because its runner is gone; its holder does not know yet. */
  onOrphaned(record: CommandRecord): void;
  logger: Logger;
}

/** The leased commands of this host. */
export interface Commands {
  /** Takes up what an earlier supervisor left; their runners may come back for a while. */
  reload(): Promise<void>;
  /** @throws BerthError LeaseFenced, InvalidRequest, NoSuchDevice, StackUnavailable */
  create(message: Prepare): Promise<Command>;
  find(leaseId: string): Command | undefined;
  /** Whether its end has been seen here, a while ago. */
  hasEnded(leaseId: string): boolean;
  ofEpoch(epoch: Epoch): Command | undefined;
  all(): Command[];
  working(): Epoch[];
  /** Ends a command and forgets it. */
  end(command: Command, why: Ending, graceMs: number): Promise<void>;
  /** Its lease is over: ends it as far as that is not under way, with a little time to save its work. */
  over(command: Command, why: Ending): Promise<void>;
  /** Its runner is gone without having said `finished`. */
  orphaned(command: Command): void;
  revoke(lease: HostLease): void;
  /** Ends all; nothing new begins. */
  drain(graceMs: number): Promise<void>;
}

const rememberedEnds = 1_000;
const runnerGone: Ending = { reason: 'runner-gone', message: 'berth run is gone' };

export function createCommands(deps: CommandsDeps): Commands {
  const { store, runFolder, devices, graceMs, resumeMs = 20_000, logger } = deps;
  const commands = new Map<string, Command>();
  const ended = new Set<string>();
  let draining = false;

  const epochsOf = ({ record }: Command): Epoch[] =>
    record.lease.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));

  function add(record: CommandRecord): Command {
    const shares = createShares(record.lease, record.trustDomain, devices);
    const command = createCommand({ record, store, shares, graceMs, logger });
    commands.set(command.leaseId, command);
    return command;
  }

  function checkNew(leaseId: string): void {
    if (draining) throw berthError('StackUnavailable', 'the stack is going down; try again later');
    if (!leaseIdPattern.test(leaseId)) {
      const id = JSON.stringify(leaseId).slice(0, 200);
      throw berthError('InvalidRequest', `lease id ${id}: expected letters, digits, . _ -`);
    }
    if (!commands.has(leaseId) && !ended.has(leaseId)) return;
    throw berthError('LeaseFenced', `lease ${leaseId}: a command was started under it already`);
  }

  async function end(command: Command, why: Ending, forMs: number): Promise<void> {
    await command.end(why, forMs);
    if (commands.get(command.leaseId) !== command) return;
    commands.delete(command.leaseId);
    ended.add(command.leaseId);
    for (const oldest of ended) {
      if (ended.size <= rememberedEnds) break;
      ended.delete(oldest);
    }
  }

  function orphaned(command: Command): void {
    // It is being ended for another reason, which its holder hears from the pool.
    if (command.ending !== undefined) return;
    logger.warn(
      { leaseId: command.leaseId },
      'the runner of a command is gone; ending the command',
    );
    void end(command, runnerGone, graceMs).then(() => deps.onOrphaned(command.record));
  }

  return {
    async reload() {
      for (const record of await store.load()) {
        const command = add(record);
        command.shares.adopt(record.cores);
        try {
          deps.onBegin(record);
        } catch (error) {
          // Its pool or its device is no longer here: nobody would end it.
          const message = error instanceof Error ? error.message : String(error);
          void end(command, { reason: 'over', message }, 0);
          continue;
        }
        logger.info({ leaseId: command.leaseId }, 'command of an earlier run taken up');
        void delay(resumeMs, undefined, { ref: false }).then(() => {
          if (command.listener === undefined) orphaned(command);
        });
      }
    },
    async create({ lease, requestId, holder, label }) {
      const { leaseId, expiresAt } = lease;
      checkNew(leaseId);
      const foreign = foreignDevice(lease, devices);
      if (foreign !== undefined) {
        throw berthError(
          'NoSuchDevice',
          `lease ${leaseId}: device ${foreign.deviceId} is not on this host; run the command on host ${foreign.hostId}`,
        );
      }
      const trustDomain = await deps.confirm(lease);
      checkNew(leaseId);
      const leaseFile = leaseFilePath(runFolder, leaseId);
      const base = { lease, requestId, holder, label, trustDomain, leaseFile, expiresAt };
      const record: CommandRecord = { ...base, cgroup: null, cores: {}, group: null };
      deps.onBegin(record);
      return add(record);
    },
    find: (leaseId) => commands.get(leaseId),
    hasEnded: (leaseId) => ended.has(leaseId),
    ofEpoch: (epoch) =>
      [...commands.values()].find((command) =>
        epochsOf(command).some((own) => epochKey(own) === epochKey(epoch)),
      ),
    all: () => [...commands.values()],
    working: () => [...commands.values()].filter(({ busy }) => busy).flatMap(epochsOf),
    end,
    over: (command, why) =>
      end(command, why, command.ending === undefined ? Math.min(leastNoticeMs, graceMs) : Infinity),
    orphaned,
    revoke({ leaseId, revoking }) {
      const command = commands.get(leaseId);
      if (command === undefined || revoking === null) return;
      const { reason, message, graceUntil } = revoking;
      command.revoke(
        { reason, message, graceUntil },
        (why, forMs) => void end(command, why, forMs),
      );
    },
    async drain(forMs) {
      draining = true;
      const why = { reason: 'drained', message: 'the stack is going down' };
      await Promise.all([...commands.values()].map((command) => end(command, why, forMs)));
    },
  };
}
