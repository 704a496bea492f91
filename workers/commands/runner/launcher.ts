import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** What the launcher has to do between fork and exec (native/launcher/child.py). */
export interface LaunchSpecification {
  argv: string[];
  env: Record<string, string>;
  /** Logical CPUs to bind to; null for all. */
  cores: number[] | null;
  /** RLIMIT_DATA where the cgroup cannot be entered, bytes. */
  dataLimitBytes: number | null;
  /** cgroup v2 folder. */
  cgroup: string | null;
  /** When the runner is gone: until SIGTERM, in case that nobody else ends it, and until SIGKILL, s. */
  graceSeconds: number;
}

/** A command in a process group of its own that waits for `go`. */
export interface LaunchedCommand {
  pgid: number;
  /** Field 22 of /proc/<pgid>/stat. */
  startTime: string;
  go(): void;
  /** Sends a signal to the whole process group. */
  signal(name: NodeJS.Signals): void;
  /** Ends the command that has not been told to go. */
  abandon(): void;
  /** As shells count it: the exit code, or 128 and the signal's number. */
  exited: Promise<number>;
}

const reportSchema = z.object({ pgid: z.number().int().positive(), startTime: z.string() });

/**
 * Starts the launcher with this process's standard streams.
 * @param python Interpreter, 3.11 or newer.
 * @throws BerthError Unexpected when it does not come up
 */
export async function launch(
  python: string,
  specification: LaunchSpecification,
): Promise<LaunchedCommand> {
  const script = join(packageRoot(), 'native', 'launcher', 'berth_launch.py');
  // Without site packages and bytecode: it starts in some 20 ms and leaves no files behind.
  const child = spawn(python, ['-E', '-s', '-S', '-B', script, '3', '4'], {
    env: {},
    stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
  const exited = new Promise<number>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
    child.once('error', reject);
  });
  exited.catch(() => undefined);
  const report = child.stdio[3] as Readable;
  const control = child.stdio[4] as Writable;
  // It may end while something is being said to it.
  control.on('error', () => undefined);
  const say = (message: object): void => {
    if (control.writable) control.write(`${JSON.stringify(message)}\n`);
  };
  say(specification);
  const { pgid, startTime } = await Promise.race([readReport(report), failOnExit(exited, python)]);
  return {
    pgid,
    startTime,
    go: () => say({ type: 'go' }),
    signal: (name) => say({ type: 'signal', signal: constants.signals[name] }),
    abandon: () => control.end(),
    exited,
  };
}

export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}

async function readReport(stream: Readable): Promise<z.infer<typeof reportSchema>> {
  for await (const line of createInterface({ input: stream })) {
    return reportSchema.parse(JSON.parse(line));
  }
  // The exit tells why.
  return new Promise(() => undefined);
}

async function failOnExit(exited: Promise<number>, python: string): Promise<never> {
  const reason = await exited.then(
    (code) => `exit code ${code}`,
    (error) => String(error.message),
  );
  throw berthError('Unexpected', `the launcher did not come up under ${python} (${reason})`);
}
