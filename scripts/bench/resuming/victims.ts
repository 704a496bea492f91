import { setTimeout as delay } from 'node:timers/promises';
import type { Paths } from '../../../activities/platform/paths.ts';
import {
  identifyProcess,
  isAlive,
  type ProcessIdentity,
} from '../../../workers/supervisor/procfs.ts';
import { isServing, readStack } from '../../../workers/supervisor/stack.ts';
import type { StackFile } from '../../../workers/supervisor/stackFile.ts';

export const victims = ['device', 'bridge', 'host', 'workflow', 'temporal'] as const;
export type Victim = (typeof victims)[number];

/** The kernel tells only a parent about a process's end, and nobody about a bridge's begin. */
const lookEveryMs = 20;

/** Waits for the process to exist, kills it, and waits until everything of the stack serves again. */
export async function killVictim(paths: Paths, victim: Victim, over: AbortSignal): Promise<void> {
  const killed = await waitFor(async () => {
    const stack = await readStack(paths);
    const pid = stack && pidOf(stack, victim);
    return pid == null ? undefined : identifyProcess(pid);
  }, over);
  process.kill(killed.pid, 'SIGKILL');
  await waitFor(async () => (await isReplaced(paths, killed)) || undefined, over);
}

async function isReplaced(paths: Paths, killed: ProcessIdentity): Promise<boolean> {
  const stack = await readStack(paths);
  if (stack === undefined || isAlive(killed) || !isServing(stack)) return false;
  return stack.processes.every(({ pid }) => pid !== killed.pid);
}

function pidOf({ processes }: StackFile, victim: Victim): number | null {
  const atWork = processes.find(({ bridge }) => bridge?.pid != null);
  if (victim === 'bridge') return atWork?.bridge?.pid ?? null;
  if (victim === 'device') return atWork?.pid ?? null;
  return processes.find(({ name }) => name === victim)?.pid ?? null;
}

/** Looks again and again. @throws the reason of `over` */
export async function waitFor<T>(
  look: () => Promise<T | undefined>,
  over: AbortSignal,
): Promise<T> {
  for (;;) {
    over.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    await delay(lookEveryMs, undefined, { signal: over });
  }
}
