import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Whether a process of the group still runs; zombies have ended (proc(5), stat: fields 3 and 5). */
export function groupRuns(pgid: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(group) === pgid && state !== 'Z' && state !== 'X';
    } catch {
      return false;
    }
  });
}

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
