import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readConfig } from '../../activities/platform/config.ts';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import { berthError, isFailureType } from '../../workflows/contracts/errors.ts';
import { supervisorMessageSchema } from './messages.ts';
import { lockHolder } from './processLock.ts';
import { isAlive } from './procfs.ts';
import { readStackFile, type StackFile, supervisorLock } from './stackFile.ts';

export interface StartOptions {
  /** Outlives this process; else the stack ends with it. */
  detach: boolean;
  env?: NodeJS.ProcessEnv;
  /** What is being started, for people. */
  onProgress?(message: string): void;
}

export interface StartedStack {
  paths: Paths;
  stack: StackFile;
  /** Drains it; resolves when every process has ended. */
  stop(): Promise<void>;
  /** Attached stacks: resolves with the supervisor's exit code when it ends, for whatever reason. */
  exited: Promise<number>;
}

/**
 * Starts the stack of the environment's BERTH_HOME; resolves when the server is healthy and every
 * worker polls.
 * @throws BerthError StackRunning, InvalidRequest (environment), or StackUnavailable naming the
 *   process that does not come up
 */
export async function startStack(options: StartOptions): Promise<StartedStack> {
  const env = options.env ?? process.env;
  const config = readConfig(env);
  const paths = createPaths(config.home, config.shm);
  const child = await spawnSupervisor(paths, env, options.detach);
  const exited = once(child, 'exit').then(([code]) => Number(code ?? 1));
  await untilReady(child, options.onProgress);
  if (options.detach) {
    child.disconnect();
    child.unref();
  }
  return {
    paths,
    stack: await requireStack(paths),
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/**
 * Drains the running stack and waits for its end.
 * @returns false when none runs
 */
export async function stopStack(paths: Paths): Promise<boolean> {
  const holder = await lockHolder(supervisorLock(paths));
  if (holder === undefined) return false;
  process.kill(holder.pid, 'SIGTERM');
  // The kernel tells only a parent about a process's end, so anybody else has to look.
  while (isAlive(holder)) await delay(50);
  return true;
}

/** The running stack; undefined when none serves this home. */
export async function readStack(paths: Paths): Promise<StackFile | undefined> {
  const stack = await readStackFile(paths);
  return stack !== undefined && isAlive(stack.supervisor) ? stack : undefined;
}

/** @throws BerthError StackUnavailable when none runs */
export async function requireStack(paths: Paths): Promise<StackFile> {
  const stack = await readStack(paths);
  if (stack !== undefined) return stack;
  throw berthError('StackUnavailable', `no stack runs in ${paths.home}: run berth up`);
}

/**
 * Waits for a stack that somebody else starts, or that is being restarted.
 * @throws BerthError StackUnavailable when it is not ready within `timeoutMs`
 */
export async function waitUntilReady(paths: Paths, timeoutMs = 120_000): Promise<StackFile> {
  await mkdir(paths.run, { recursive: true, mode: 0o700 });
  return new Promise((resolve, reject) => {
    const finish = (outcome: () => void): void => {
      clearTimeout(timer);
      watcher.close();
      outcome();
    };
    const look = (): void => {
      readStack(paths).then(
        (stack) => stack !== undefined && isServing(stack) && finish(() => resolve(stack)),
        (error) => finish(() => reject(error)),
      );
    };
    const watcher = watch(paths.run, look);
    const timer = setTimeout(() => {
      const message = `the stack in ${paths.home} is not ready after ${timeoutMs / 1000} s: see berth status`;
      finish(() => reject(berthError('StackUnavailable', message)));
    }, timeoutMs);
    look();
  });
}

/** Up once, and nothing of it is being restarted. */
export function isServing(stack: StackFile): boolean {
  return stack.state === 'ready' && stack.processes.every(({ state }) => state === 'running');
}

/** In a session of its own: Ctrl-C reaches the caller alone, which then drains the stack. */
async function spawnSupervisor(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  detach: boolean,
): Promise<ChildProcess> {
  await mkdir(paths.logs, { recursive: true, mode: 0o700 });
  // What escapes its logger: a crash of Node itself.
  const output = await open(join(paths.logs, 'supervisor.stderr'), 'a', 0o600);
  const script = join(packageRoot(), 'dist', 'workers', 'supervisor', 'main.js');
  try {
    return spawn(
      process.execPath,
      ['--enable-source-maps', script, ...(detach ? [] : ['--attached'])],
      {
        env,
        detached: true,
        stdio: ['ignore', output.fd, output.fd, 'ipc'],
      },
    );
  } finally {
    await output.close();
  }
}

function untilReady(child: ChildProcess, onProgress: StartOptions['onProgress']): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const how = signal ?? `code ${code}`;
      reject(
        berthError('StackUnavailable', `the supervisor ended (${how}); see berth logs supervisor`),
      );
    });
    child.on('message', (raw) => {
      const message = supervisorMessageSchema.safeParse(raw).data;
      if (message?.type === 'progress') onProgress?.(message.message);
      if (message?.type === 'ready') resolve();
      if (message?.type === 'failed') {
        const type = isFailureType(message.failure) ? message.failure : 'StackUnavailable';
        reject(berthError(type, message.message));
      }
    });
  });
}
