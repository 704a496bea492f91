import { setTimeout as delay } from 'node:timers/promises';
import type { Paths } from '../../../activities/platform/paths.ts';
import {
  identifyProcess,
  isAlive,
  type ProcessIdentity,
  processTree,
} from '../../../workers/supervisor/procfs.ts';
import { isServing, readStack, requireStack } from '../../../workers/supervisor/stack.ts';
import type { StackFile } from '../../../workers/supervisor/stackFile.ts';

export const victims = ['temporal', 'workflow', 'host', 'device', 'bridge', 'supervisor'] as const;
/** `machine`: the supervisor, and with it everything in shared memory, as in a reboot. */
export type Victim = (typeof victims)[number] | 'query' | 'chroma' | 'machine';

/** The kernel tells only a parent about a process's end, and nobody about a bridge's begin. */
const lookEveryMs = 20;

/** Every process of the stack, bridges and all that they started included. */
export async function processesOf(paths: Paths): Promise<ProcessIdentity[]> {
  const { supervisor } = await requireStack(paths);
  return processTree(supervisor.pid).flatMap((pid) => identifyProcess(pid) ?? []);
}

/** Waits for the process to exist, and returns it. The device at work is the one with a bridge. */
export async function findVictim(
  paths: Paths,
  victim: Victim,
  givenUp: AbortSignal,
): Promise<ProcessIdentity> {
  return waitFor(async () => {
    const pid = pidOf(await requireStack(paths), victim);
    return pid === null ? undefined : identifyProcess(pid);
  }, givenUp);
}

/** kill -9. Resolves when it is gone. */
export async function killVictim(victim: ProcessIdentity, givenUp: AbortSignal): Promise<void> {
  process.kill(victim.pid, 'SIGKILL');
  await untilGone([victim], givenUp);
}

export async function untilGone(
  processes: readonly ProcessIdentity[],
  givenUp: AbortSignal,
): Promise<void> {
  await waitFor(async () => (processes.some(isAlive) ? undefined : true), givenUp);
}

/** Waits until every process serves, the one that was killed in a new life. */
export async function untilServing(
  paths: Paths,
  killed: ProcessIdentity,
  givenUp: AbortSignal,
): Promise<void> {
  await waitFor(async () => {
    const stack = await readStack(paths);
    const fresh = stack?.processes.every(({ pid }) => pid !== killed.pid);
    return stack !== undefined && fresh && isServing(stack) ? true : undefined;
  }, givenUp);
}

function pidOf(stack: StackFile, victim: Victim): number | null {
  if (victim === 'supervisor' || victim === 'machine') return stack.supervisor.pid;
  const bridged = stack.processes.find(({ bridge }) => bridge?.pid != null);
  if (victim === 'bridge') return bridged?.bridge?.pid ?? null;
  if (victim === 'device') {
    const first = stack.processes.find(({ deviceId }) => deviceId !== null);
    return (bridged ?? first)?.pid ?? null;
  }
  return stack.processes.find(({ name }) => name === victim)?.pid ?? null;
}

async function waitFor<T>(look: () => Promise<T | undefined>, givenUp: AbortSignal): Promise<T> {
  for (;;) {
    givenUp.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    await delay(lookEveryMs, undefined, { signal: givenUp });
  }
}
