import { setTimeout as delay } from 'node:timers/promises';
import { listProcesses } from '../../supervisor/procfs.ts';

/** Whether a process of the group still runs. */
export const groupRuns = (pgid: number): boolean =>
  listProcesses().some(({ group }) => group === pgid);

/** SIGTERM (and SIGCONT, for what is stopped hears nothing), then SIGKILL after `graceMs`. */
export async function endGroup(pgid: number, graceMs: number): Promise<void> {
  if (!groupRuns(pgid)) return;
  signalGroup(pgid, 'SIGTERM');
  signalGroup(pgid, 'SIGCONT');
  const end = performance.now() + graceMs;
  while (groupRuns(pgid) && performance.now() < end) await delay(50);
  if (groupRuns(pgid)) signalGroup(pgid, 'SIGKILL');
}

function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
