import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cli } from '../../scripts/cli/cli.ts';
import { runCli } from '../../scripts/cli/run.ts';
import { connect } from '../../workers/client/index.ts';

export interface Captured {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs command lines in this process against a BERTH_HOME of their own, with no terminal. */
export async function createCapture(): Promise<{
  home: string;
  run(...args: string[]): Promise<Captured>;
  runWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Captured>;
  remove(): Promise<void>;
}> {
  const home = await mkdtemp(join(tmpdir(), 'berth-cli-'));
  const runWith = async (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Captured> => {
    const texts = { stdout: '', stderr: '' };
    const cli: Cli = {
      env: { PATH: process.env.PATH, BERTH_HOME: home, ...env },
      stdout: { write: (text) => (texts.stdout += text) },
      stderr: { write: (text) => (texts.stderr += text) },
      connect,
      onInterrupt: () => () => undefined,
      confirm: async () => undefined,
    };
    const code = await runCli(args, cli);
    return { code, ...texts };
  };
  return {
    home,
    runWith,
    run: (...args) => runWith({}, ...args),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}
