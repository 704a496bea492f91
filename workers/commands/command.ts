import pLimit from 'p-limit';
import type { Logger } from '../../activities/platform/logging.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { PreparedShare } from '../devices/deviceSharing.ts';
import type { Ending } from '../pool/hostWork.ts';
import { retrying } from '../pool/retrying.ts';
import { readBootId, readStat } from '../supervisor/procfs.ts';
import type { CommandRecord, CommandStore } from './commandRecord.ts';
import { endProcesses } from './endProcesses.ts';
import { createProcessFinder, type ProcessFinder } from './findProcesses.ts';
import { removeLeaseFile, writeLeaseFile } from './leaseFile.ts';
import type { SupervisorMessage } from './protocol.ts';
import type { Shares } from './shares.ts';

export interface CommandDeps {
  record: CommandRecord;
  store: CommandStore;
  shares: Shares;
  graceMs: number;
  logger: Logger;
}

interface Notice extends Ending {
  /** Milliseconds since the Unix epoch. */
  graceUntil: number;
}

export interface Command {
  readonly leaseId: string;
  readonly record: Readonly<CommandRecord>;
  readonly processes: ProcessFinder;
  readonly shares: Shares;
  /** Whether something runs, or may begin to, under its epochs. */
  readonly busy: boolean;
  /** Why it is being ended; undefined while it is not. */
  readonly ending: Ending | undefined;
  /** Gets messages meant for the runner, when one is connected. */
  listener: ((message: SupervisorMessage) => void) | undefined;
  /** @throws BerthError LeaseFenced, NoDeviceFree, StackUnavailable */
  prepare(): Promise<PreparedShare>;
  /** The launcher waits. @throws BerthError InvalidRequest, LeaseFenced */
  start(pgid: number, startTime: string): Promise<void>;
  renewed(expiresAt: number): Promise<void>;
  /** Notes the notice, once, and has `end` called. */
  revoke(notice: Notice, end: (why: Ending, graceMs: number) => void): void;
  /**
   * Ends everything of it, at once or after `graceMs`; a later call may only hasten that. Resolves when
   * nothing runs under its epochs, and nothing ever will.
   */
  end(why: Ending, graceMs: number): Promise<void>;
  /** Watched and found to have no process. */
  idle(): void;
}

/** Between SIGTERM and SIGKILL where a notice comes late, or this host's clock is ahead. */
export const leastNoticeMs = 5_000;

/** The command has ended by itself; what it left behind is ended. */
export const finishedReason = 'finished';

/** One leased command of this host, from its runner's first word until its devices are clear. */
export function createCommand(deps: CommandDeps): Command {
  const { store, shares, graceMs } = deps;
  let { record } = deps;
  const { leaseId } = record.lease;
  const logger = deps.logger.child({ leaseId });
  const processes = createProcessFinder(() => record);
  let revoking: Notice | null = null;
  let noticedUntil: number | undefined;
  let ending: Ending | undefined;
  let ended: Promise<void> | undefined;
  let killAt = Number.POSITIVE_INFINITY;
  let idle = false;
  let removed = false;
  /** One write of its files at a time: a late one must not bring back what was removed. */
  const inTurn = pLimit(1);

  const save = (part: Partial<CommandRecord>): Promise<void> => {
    record = { ...record, ...part };
    return inTurn(async () => {
      if (!removed) await store.save(record);
    });
  };
  const writeFile = (): Promise<void> =>
    inTurn(async () => {
      const { lease, leaseFile, expiresAt } = record;
      const { devices } = lease;
      if (removed) return;
      await writeLeaseFile(leaseFile, { lease, devices, expiresAt, graceMs, revoking });
    });
  const removeFiles = (): Promise<void> =>
    inTurn(async () => {
      removed = true;
      await removeLeaseFile(record.leaseFile);
      await store.remove(leaseId);
    });
  const tell = (message: SupervisorMessage): void => {
    // Its runner knows already.
    if (ending?.reason !== finishedReason) command.listener?.(message);
  };

  async function endAll(): Promise<void> {
    let told = false;
    const never = new AbortController().signal;
    const complain = (message: string) => (error: unknown) =>
      logger.error({ error: String(error) }, message);
    const processesEnd = () =>
      endProcesses({
        finder: processes,
        killAt: () => killAt,
        quiesce: (pids) => shares.quiesce(pids),
        onKill() {
          if (!told && ending !== undefined) tell({ type: 'killed', ...ending });
          told = true;
        },
        logger,
      });
    // Such as a supervisor that has no file descriptor left to look into /proc.
    await retrying(processesEnd, never, complain('a command could not be ended; trying again'));
    await retrying(shares.retire, never, complain('an epoch was not retired; trying again'));
    await shares
      .clear()
      .catch((error) => logger.warn({ error: String(error) }, 'a share left something behind'));
    // Whoever finds the record later finds nothing that runs.
    await removeFiles().catch(complain("a command's files are still there"));
    logger.info({ ...ending }, 'command cleared');
  }

  const command: Command = {
    leaseId,
    processes,
    shares,
    listener: undefined,
    get record() {
      return record;
    },
    get busy() {
      return !idle || ended !== undefined;
    },
    get ending() {
      return ending;
    },
    async prepare() {
      // Before anything is set up: whoever finds the record knows what to give back.
      await save({});
      const { combined, cores } = await shares.prepare();
      await save({ cgroup: combined.cgroup, cores: { ...cores } });
      await writeFile();
      return combined;
    },
    async start(pgid, startTime) {
      const leader = readStat(pgid);
      if (leader === undefined || String(leader.startTime) !== startTime || leader.group !== pgid) {
        throw berthError('InvalidRequest', `process group ${pgid}: not led by that process`);
      }
      const { session } = leader;
      await save({
        group: { pgid, session, startTime: leader.startTime, bootId: readBootId() },
      });
      await shares.admit();
      if (ending !== undefined)
        throw berthError('LeaseFenced', `lease ${leaseId}: ${ending.message}`);
      processes.near();
    },
    async renewed(expiresAt) {
      // The same renewal, seen again.
      if (Math.abs(expiresAt - record.expiresAt) < 1_000) return;
      await save({ expiresAt });
      await writeFile();
    },
    revoke(notice, end) {
      if (noticedUntil === notice.graceUntil) return;
      noticedUntil = notice.graceUntil;
      const { reason, message } = notice;
      // By the clock of the pool's server, which may differ. When the grace is over there, the view says so.
      const leftMs = Math.max(Math.min(leastNoticeMs, graceMs), notice.graceUntil - Date.now());
      const forMs = Math.min(leftMs, graceMs);
      revoking = { reason, message, graceUntil: Date.now() + forMs };
      // The command, told by SIGTERM, finds in its file how long it has.
      void writeFile()
        .catch((error) => logger.warn({ error: String(error) }, 'lease file not written'))
        .then(() => end({ reason, message }, forMs));
    },
    end(why, forMs) {
      const now = performance.now();
      const before = killAt;
      killAt = Math.min(killAt, now + forMs);
      if (ended === undefined || killAt < before - 1_000) {
        ending = { reason: why.reason, message: why.message };
        const graceUntil = Date.now() + Math.max(0, killAt - now);
        if (forMs > 0) tell({ type: 'revoking', ...ending, graceUntil });
      }
      ended ??= endAll();
      return ended;
    },
    idle() {
      idle = record.group !== null;
    },
  };
  return command;
}
