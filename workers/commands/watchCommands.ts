import type { Logger } from '../../activities/platform/logging.ts';
import type { LatencyMessage, OveruseMessage } from '../../workflows/contracts/pool/messages.ts';
import { pause } from '../pool/retrying.ts';
import type { Command } from './command.ts';
import type { Commands } from './commands.ts';
import { readReport } from './leaseFile.ts';

export interface WatchDeps {
  commands: Pick<Commands, 'all' | 'end'>;
  /** Tells the command's pool. */
  overuse(command: Command, message: OveruseMessage): Promise<void>;
  latency(command: Command, message: LatencyMessage): Promise<void>;
  everyMs?: number;
  logger: Logger;
}

/** Samples in a row that count: one may fall into a hand-over of memory. */
const samplesOver = 2;
/** A launcher that has not registered by then never will, ms. */
const startMs = 60_000;

interface Watched {
  since: number;
  over: Map<string, number>;
  reportedAt: number;
}

/**
 * Looks after running commands every few seconds: who uses more memory of a device than it was lent is
 * reported, and so is the latency that a command measures of itself. Resolves when `signal` aborts.
 */
export async function watchCommands(deps: WatchDeps, signal: AbortSignal): Promise<void> {
  const { commands, everyMs = 2_000, logger } = deps;
  const watched = new WeakMap<Command, Watched>();

  async function checkMemory(command: Command, { over }: Watched, pids: number[]): Promise<void> {
    const found = await command.shares.overuse(pids);
    for (const deviceId of over.keys()) {
      if (!found.some((use) => use.deviceId === deviceId)) over.delete(deviceId);
    }
    for (const { deviceId, usedMib } of found) {
      const times = (over.get(deviceId) ?? 0) + 1;
      over.set(deviceId, times);
      if (times < samplesOver) continue;
      const { leaseId } = command;
      logger.warn({ leaseId, deviceId, usedMib }, 'a command uses more than its share');
      await deps.overuse(command, { leaseId, deviceId, usedMib: Math.ceil(usedMib) });
      over.delete(deviceId);
    }
  }

  async function checkLatency(command: Command, known: Watched): Promise<void> {
    const report = await readReport(command.record.leaseFile);
    if (report === undefined || report.at === known.reportedAt) return;
    const { leaseId } = command;
    await deps.latency(command, { leaseId, ...report });
    known.reportedAt = report.at;
  }

  async function check(command: Command): Promise<void> {
    const now = performance.now();
    const known = watched.get(command) ?? { since: now, over: new Map(), reportedAt: 0 };
    watched.set(command, known);
    if (command.ending !== undefined) return;
    if (command.record.group === null) {
      if (now - known.since < startMs) return;
      const why = { reason: 'not-started', message: 'its command was never started' };
      return commands.end(command, why, 0);
    }
    const pids = command.processes.near().map(({ pid }) => pid);
    if (pids.length === 0) {
      // Nothing near: it counts as idle only when nothing is anywhere.
      if (command.processes.all().length === 0) command.idle();
      return;
    }
    await checkMemory(command, known, pids);
    await checkLatency(command, known);
  }

  while (!signal.aborted) {
    await Promise.all(
      commands
        .all()
        .map((command) =>
          check(command).catch((error) =>
            logger.debug({ leaseId: command.leaseId, error: String(error) }, 'not watched'),
          ),
        ),
    );
    await pause(everyMs, signal);
  }
}
