import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../activities/platform/packageRoot.ts';

/** Outcome of one `berth` command. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface TestStack {
  home: string;
  shm: string;
  env: Record<string, string>;
  /** Runs `berth` with arguments, without a terminal; never throws for its exit code. */
  run(...args: string[]): Promise<CommandResult>;
  /** Runs `berth … --json` and parses its one document; throws when the command fails. */
  json<T = Record<string, unknown>>(...args: string[]): Promise<T>;
  /** Stops the stack and removes its folders. */
  stop(): Promise<void>;
}

const cli = join(packageRoot(), 'dist', 'scripts', 'cli', 'main.js');

/** A whole stack from dist/ (npm run setup builds it), in folders of its own. */
export async function startTestStack(env: Record<string, string> = {}): Promise<TestStack> {
  const home = await mkdtemp(join(tmpdir(), 'berth-home-'));
  const shm = await mkdtemp('/dev/shm/berth-test-');
  const stackEnv = { BERTH_HOME: home, BERTH_SHM: shm, BERTH_DEVICES: '0;1', ...env };
  const run = async (...args: string[]): Promise<CommandResult> => {
    const { exitCode, stdout, stderr } = await execa('node', [cli, ...args], {
      env: stackEnv,
      reject: false,
      stdin: 'ignore',
      cwd: tmpdir(),
    });
    return { code: exitCode ?? -1, stdout, stderr };
  };
  const stack: TestStack = {
    home,
    shm,
    env: stackEnv,
    run,
    async json(...args) {
      const { code, stdout, stderr } = await run(...args, '--json');
      if (code !== 0)
        throw new Error(`berth ${args.join(' ')}: exit ${code}\n${stdout}\n${stderr}`);
      return JSON.parse(stdout);
    },
    async stop() {
      await run('down');
      await Promise.all([home, shm].map((path) => rm(path, { recursive: true, force: true })));
    },
  };
  const up = await run('up', '--detach');
  if (up.code !== 0) {
    await stack.stop();
    throw new Error(`berth up: exit ${up.code}\n${up.stderr}`);
  }
  return stack;
}
