import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import type { ChurnStack } from './churnStack.ts';
import { holderScript } from './journallingPython.ts';

/** One `berth run`. */
export interface Run {
  args: string[];
  startedAt: number;
  endedAt: number;
  child: ChildProcess;
  exitCode: number | null;
  /** It was killed on purpose. */
  killed: boolean;
  stderr: string;
  ended: Promise<void>;
}

export type Choose = <T>(among: readonly T[]) => T;

const cli = join(packageRoot(), 'dist', 'scripts', 'cli', 'main.js');

/** Teams that every teams file of the test knows. */
export const churnTeams = ['default', 'nlp/ann', 'nlp/bob', 'vision'];

/** Options and command of one `berth run`: short work, of every temper. */
export function chooseRun(choose: Choose, journalFolder: string): string[] {
  const size = choose([
    ['--gpus', '1'],
    ['--gpus', '1'],
    ['--gpus', '2'],
    ['--fraction', '0.5'],
    ['--fraction', '0.25'],
    ['--fraction', '0.125'],
  ]);
  const optional = [
    choose([[], [], ['--restartable']]),
    choose([[], [], ['--preemptible']]),
    choose([[], [], [], ['--max-time', '2s']]),
    choose([[], [], ['--expected', '5s']]),
  ].flat();
  const behaviour = {
    seconds: choose([0.1, 0.5, 1, 2, 4, 6, 10]),
    ignoreTerm: choose([false, false, true]),
    leaveChild: choose([false, false, true]),
    exitCode: choose([0, 0, 3]),
  };
  return [
    'run',
    ...size,
    ...['--team', choose(churnTeams), '--priority', choose(['0', '0', '-5', '5'])],
    ...optional,
    '--',
    ...['python3', '-S', '-B', holderScript, journalFolder, JSON.stringify(behaviour)],
  ];
}

export function startRun(churn: ChurnStack, args: string[]): Run {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { ...process.env, ...churn.env },
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const run: Run = {
    args,
    startedAt: Date.now(),
    endedAt: Number.NaN,
    child,
    exitCode: null,
    killed: false,
    stderr: '',
    ended: new Promise((resolve) => {
      child.once('exit', (code) => {
        run.exitCode = code;
        run.endedAt = Date.now();
        resolve();
      });
    }),
  };
  child.stderr?.on('data', (chunk) => {
    run.stderr += chunk;
  });
  return run;
}

/** Whether its process is still there. */
export const isOpen = ({ child }: Run): boolean =>
  child.exitCode === null && child.signalCode === null;

/** What it failed of, in Berth's words; undefined when it did not. */
export const failureOf = ({ stderr }: Run): string | undefined =>
  /^error: (\w+)/m.exec(stderr)?.[1];

/**
 * A failure that people could do nothing about: it is one of Berth's own, or of a lease that was over
 * before its command was started, in whose place another one is to be asked for.
 */
export const failedUnexpectedly = (run: Run): boolean =>
  ['Unexpected', 'LeaseFenced'].includes(failureOf(run) ?? '');

/** For people: what was asked for, and what came of it, on one line. */
export function describeRun(
  { args, child, exitCode, startedAt, endedAt, stderr }: Run,
  since: number,
): string {
  const seconds = (at: number) => ((at - since) / 1000).toFixed(1);
  const asked = args.filter((arg) => arg !== holderScript && !arg.startsWith('/')).join(' ');
  const said = stderr.trim().replace(/\s*\n\s*/g, ' | ');
  const end = exitCode ?? child.signalCode ?? 'not ended';
  return `${seconds(startedAt)} to ${seconds(endedAt)} s: berth ${asked}: ${end}: ${said}`;
}
