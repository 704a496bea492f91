import { type ChildProcess, spawn } from 'node:child_process';
import type { ProcessLog } from './processLog.ts';

export interface ProcessCommand {
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/**
 * Starts the command in a session of its own, so that Ctrl-C in a terminal reaches only the
 * supervisor, and with a parent-death signal, so that not even SIGKILL of it leaves an orphan.
 */
export function startChild(
  { file, args, env }: ProcessCommand,
  /** Opens a channel for messages.ts. */
  ipc: boolean,
  log: ProcessLog,
  onLine: (line: string) => void,
): { child: ChildProcess; exited: Promise<string> } {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', file, ...args], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  });
  const exited = new Promise<string>((resolve) => {
    const describe = (code: number | null, signal: string | null) =>
      resolve(signal ? `signal ${signal}` : `code ${code}`);
    child.once('close', describe);
    // Its pipes stay open while a grandchild holds them: do not wait long for the last lines.
    child.once('exit', (code, signal) => {
      setTimeout(() => describe(code, signal), 500).unref();
    });
    child.once('error', (error) => resolve(`${error.message} (setpriv is part of util-linux)`));
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => log.write(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log.write(text);
    const line = text.trimEnd().split('\n').at(-1);
    if (line) onLine(line);
  });
  return { child, exited };
}
