import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { PythonShell } from 'python-shell';
import type { Logger } from '../activities/platform/logging.ts';
import { packageRoot } from '../activities/platform/packageRoot.ts';
import { bridgeEnvironment } from './bridgeEnvironment.ts';

export interface BridgeProcessOptions {
  /** Interpreter with torch, bitsandbytes and transformers. */
  python: string;
  /** Variables that bind the device; its cores are inherited from this process. */
  device?: { env: Record<string, string> };
  /** Threads of torch; default: the cores that this process may use. */
  threads?: number;
  logger: Logger;
  /** Python package to run and the folder it lies in; default Berth's own. */
  module?: string;
  packageFolder?: string;
}

/** The child as a source and sink of lines. */
export interface BridgeProcess {
  /** 0 when it could not be started. */
  readonly pid: number;
  send(line: string): void;
  onLine(listener: (line: string) => void): void;
  /** How it ended, once all of it has: `exit code 1`, `signal SIGKILL`, or why it did not start. */
  readonly ended: Promise<string>;
  /** The last line on its stderr that is not blank. */
  lastError(): string;
  kill(): void;
}

export function startBridgeProcess(options: BridgeProcessOptions): BridgeProcess {
  const { logger, threads = availableParallelism() } = options;
  const packageFolder = options.packageFolder ?? join(packageRoot(), 'native', 'bridge');
  const shell = new PythonShell(options.module ?? 'berth_bridge', {
    mode: 'text',
    pythonPath: options.python,
    pythonOptions: ['-m'],
    args: ['--threads', String(threads), '--parent', String(process.pid)],
    cwd: packageFolder,
    env: bridgeEnvironment({
      parent: process.env,
      device: options.device?.env,
      packageFolder,
      threads,
    }),
    // A process group of its own, so that whatever it starts can be killed with it.
    detached: true,
  });
  const { childProcess } = shell;
  const pid = childProcess.pid ?? 0;
  let lastError = '';
  shell.on('stderr', (line: string) => {
    if (line.trim() === '') return;
    lastError = line.trim();
    logger.info({ bridge: pid }, lastError);
  });
  // A child that died breaks the pipe; its end is told by `ended`.
  shell.stdin.on('error', () => undefined);

  const killGroup = () => {
    if (pid === 0) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const ended = new Promise<string>((resolve) => {
    shell.on('error', (error) => resolve(`could not be started: ${error.message}`));
    // What it started may outlive it and hold its pipes.
    childProcess.once('exit', killGroup);
    childProcess.once('close', (code, signal) => {
      resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
    });
  });
  return {
    pid,
    send: (line) => void shell.send(line),
    onLine: (listener) => void shell.on('message', listener),
    ended,
    lastError: () => lastError,
    kill: killGroup,
  };
}
