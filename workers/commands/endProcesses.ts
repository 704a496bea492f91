import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../activities/platform/logging.ts';
import { type ProcessFacts, readStat, threadStatus } from '../supervisor/procfs.ts';
import type { ProcessFinder } from './findProcesses.ts';

export interface EndProcessesDeps {
  finder: ProcessFinder;
  /** When SIGKILL comes, by the monotonic clock, ms; may move to earlier. */
  killAt(): number;
  /** Stops work on the devices, before a signal that may kill. */
  quiesce(pids: readonly number[]): Promise<void>;
  /** SIGKILL is about to be sent. */
  onKill(): void;
  logger: Logger;
}

const pollMs = 50;
/** A process that does not die of SIGKILL sits in the kernel (state D): it is waited for. */
const slowestPollMs = 1_000;

/** Ends everything of a command: SIGTERM, time until `killAt`, SIGKILL. Resolves when nothing is left. */
export async function endProcesses(deps: EndProcessesDeps): Promise<void> {
  const { finder, killAt } = deps;
  if (performance.now() < killAt()) {
    await terminate(deps);
    while (performance.now() < killAt() && isRunning(finder)) await delay(pollMs);
  }
  let pause = pollMs;
  // What is forked while one looks is missed once, not twice.
  for (let empty = 0; empty < 2; ) {
    const left = finder.all();
    empty = left.length === 0 ? empty + 1 : 0;
    if (left.length === 0) continue;
    deps.onKill();
    await quiet(deps, left);
    for (const process of left) send(process, 'SIGKILL');
    await delay(pause);
    pause = Math.min(slowestPollMs, pause * 1.5);
  }
}

/** What `near` does not show may have been started since it looked, and has the same time to end. */
function isRunning(finder: ProcessFinder): boolean {
  return finder.near().length > 0 || finder.all().length > 0;
}

async function terminate(deps: EndProcessesDeps): Promise<void> {
  const processes = deps.finder.all();
  // What handles the signal may still save its work; what does not is killed by it.
  await quiet(
    deps,
    processes.filter(({ pid }) => !handlesSigterm(pid)),
  );
  for (const process of processes) {
    send(process, 'SIGTERM');
    // What is stopped hears nothing.
    send(process, 'SIGCONT');
  }
}

async function quiet(deps: EndProcessesDeps, processes: readonly ProcessFacts[]): Promise<void> {
  if (processes.length === 0) return;
  try {
    await deps.quiesce(processes.map(({ pid }) => pid));
  } catch (error) {
    deps.logger.warn({ error: String(error) }, 'devices could not be quieted before a kill');
  }
}

/** Whether SIGTERM is caught or ignored (proc(5), SigCgt and SigIgn: bit n − 1 for signal n). */
function handlesSigterm(pid: number): boolean {
  return ['SigCgt', 'SigIgn'].some((key) => {
    const mask = threadStatus(pid, pid, key);
    return mask !== undefined && ((BigInt(`0x${mask}`) >> 14n) & 1n) === 1n;
  });
}

/** The pid may be another process's by now. */
function send({ pid, startTime }: ProcessFacts, signal: NodeJS.Signals): void {
  if (readStat(pid)?.startTime !== startTime) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Gone, or it has taken another user's rights: nothing that we may do.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
