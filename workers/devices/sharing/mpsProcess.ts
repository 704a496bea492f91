import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../supervisor/procfs.ts';
import { type MpsControl, mpsControlProgram } from './mpsControl.ts';
import type { MpsFolder } from './mpsFolder.ts';

export interface MpsLimits {
  /** For the daemon to answer after its start, ms. */
  startMs: number;
  /** For `quit`, ms; then the daemon and its servers are killed. */
  quitMs: number;
  /** For all clients of a call to be terminated, ms. */
  terminateMs: number;
  /** Between two looks for faults, ms. */
  watchMs: number;
}

export const mpsLimits: MpsLimits = {
  startMs: 15_000,
  quitMs: 10_000,
  terminateMs: 10_000,
  watchMs: 5_000,
};

const pollMs = 50;

/**
 * Starts the control daemon of one GPU and waits until it answers. It puts itself in the background
 * and leaves its pid in the pipe directory.
 * @throws BerthError StackUnavailable
 */
export async function startMpsProcess(
  deviceId: string,
  folder: MpsFolder,
  control: MpsControl,
  env: NodeJS.ProcessEnv,
  limitMs: number,
): Promise<ProcessIdentity> {
  const started = await execa(mpsControlProgram, ['-d'], {
    env: {
      ...env,
      CUDA_VISIBLE_DEVICES: deviceId,
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
      CUDA_MPS_PIPE_DIRECTORY: folder.pipe,
      CUDA_MPS_LOG_DIRECTORY: folder.logs,
    },
    extendEnv: false,
    // The daemon would keep pipes of ours open for as long as it lives.
    stdio: 'ignore',
    timeout: limitMs,
    reject: false,
  });
  let why = started.failed ? started.shortMessage : `no answer in ${limitMs} ms`;
  const until = started.failed ? 0 : performance.now() + limitMs;
  while (performance.now() < until) {
    const process = findMpsProcess(folder);
    try {
      await control.servers();
      if (process !== undefined) return process;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    await delay(pollMs);
  }
  throw berthError(
    'StackUnavailable',
    `${deviceId}: ${mpsControlProgram} did not come up: ${why}${lastLogLine(folder)}`,
  );
}

function lastLogLine(folder: MpsFolder): string {
  try {
    const line = readFileSync(join(folder.logs, 'control.log'), 'utf8').trim().split('\n').at(-1);
    return line ? `; its log ends with: ${line}` : '';
  } catch {
    return '';
  }
}

/** The daemon that serves this pipe directory; the pid file alone could name a process of somebody else. */
export function findMpsProcess(folder: MpsFolder): ProcessIdentity | undefined {
  const file = join(folder.pipe, `${mpsControlProgram}.pid`);
  if (!existsSync(file)) return undefined;
  try {
    const identity = identifyProcess(Number(readFileSync(file, 'utf8').trim()));
    if (identity === undefined || !isAlive(identity)) return undefined;
    const words = readFileSync(`/proc/${identity.pid}/cmdline`, 'utf8').split('\0');
    const ours = words.slice(0, 3).some((word) => basename(word) === mpsControlProgram);
    return ours && words.includes('-d') ? identity : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Quits the daemon; what does not go within the limit, it or its servers, is killed by its pid.
 * @returns whether it went by itself
 */
export async function stopMpsProcess(
  daemon: ProcessIdentity | undefined,
  folder: MpsFolder,
  control: MpsControl,
  limitMs: number,
  knownServers: readonly ProcessIdentity[] = [],
): Promise<boolean> {
  let left = [...knownServers];
  if (daemon !== undefined && isAlive(daemon)) {
    const listed = await control.servers().catch(() => []);
    left = [daemon, ...left, ...listed.flatMap((pid) => identifyProcess(pid) ?? [])];
    await control.run('quit', limitMs).catch(() => undefined);
    await untilGone(left, limitMs);
  }
  const stubborn = left.filter(isAlive);
  for (const { pid } of stubborn) killPid(pid);
  await untilGone(stubborn, limitMs);
  await rm(folder.pipe, { recursive: true, force: true });
  return stubborn.length === 0;
}

export async function untilGone(
  processes: readonly ProcessIdentity[],
  limitMs: number,
): Promise<void> {
  const until = performance.now() + limitMs;
  while (processes.some(isAlive) && performance.now() < until) await delay(pollMs);
}

export function killPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
