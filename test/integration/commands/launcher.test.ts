import { once } from 'node:events';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { type LaunchSpecification, launch } from '../../../workers/commands/runner/launcher.ts';
import { isRunning } from '../../support/isRunning.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** The launcher as a process, without a terminal. */

const python = findPython();
const folder = temporaryFolder('launcher');
const here = join(packageRoot(), 'test', 'support', 'pty', 'launchHere.mjs');
let files = 0;
const newFile = () => join(folder, `file-${++files}`);

const specification = (
  argv: string[],
  changes: Partial<LaunchSpecification> = {},
): LaunchSpecification => ({
  argv,
  env: { PATH: process.env.PATH ?? '' },
  cores: null,
  dataLimitBytes: null,
  cgroup: null,
  graceSeconds: 1,
  ...changes,
});

/** Runs a shell script to its end; what it writes to `$OUT` comes back. */
async function runScript(script: string, changes: Partial<LaunchSpecification> = {}) {
  const out = newFile();
  const { env = specification([]).env, ...rest } = changes;
  const asked = specification(['bash', '--norc', '-c', script], {
    ...rest,
    env: { ...env, OUT: out },
  });
  const command = await launch(python, asked);
  command.go();
  const code = await command.exited;
  return { command, code, out: existsSync(out) ? readFileSync(out, 'utf8').trim() : '' };
}

/** Resolves with a file's text once it is there, whole lines only. */
async function written(path: string): Promise<string> {
  const read = () => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const watcher = watch(dirname(path));
  try {
    while (!read().endsWith('\n')) {
      for (;;) {
        const [, name] = await once(watcher, 'change');
        if (name === basename(path)) break;
      }
    }
    return read();
  } finally {
    watcher.close();
  }
}

const statFields = (pid: number): string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

describe('the exit code', () => {
  test.each([
    ['exit 0', 0],
    ['exit 7', 7],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
  ])('of %j is %d', async (script, code) => {
    expect((await runScript(script)).code).toBe(code);
  });

  test.each([
    ['nothing-of-that-name', 127, 'No such file or directory'],
    [folder, 126, 'Permission denied'],
  ])('of %s tells that it cannot be run, in one line', async (program, code, reason) => {
    const started = await execa(process.execPath, [here, python, program], { reject: false });
    expect(started.exitCode).toBe(code);
    expect(started.stderr).toBe(`berth run: ${program}: ${reason}`);
  });
});

describe('a file without a line that names its interpreter', () => {
  const executable = (content: string): string => {
    const path = newFile();
    writeFileSync(path, content, { mode: 0o755 });
    return path;
  };

  test('is run by the shell, with its arguments, whether named or found in PATH', async () => {
    const script = executable('echo "$0 $1" > "$OUT"; exit 4\n');
    for (const name of [script, basename(script)]) {
      const out = newFile();
      const env = { PATH: `/nowhere:${folder}`, OUT: out };
      const command = await launch(python, specification([name, 'a b'], { env }));
      command.go();
      expect(await command.exited).toBe(4);
      expect(readFileSync(out, 'utf8')).toBe(`${script} a b\n`);
    }
  });

  test('is not, when it is no text: a program of another machine', async () => {
    const program = executable('\u007fELF\u0002\u0000\u0000rest\n');
    const started = await execa(process.execPath, [here, python, program], { reject: false });
    expect(started.exitCode).toBe(126);
    expect(started.stderr).toBe(`berth run: ${program}: Exec format error`);
  });
});

describe('before go', () => {
  test('the command waits in its own process group, known by its start time', async () => {
    const marker = newFile();
    const command = await launch(python, specification(['touch', marker]));
    const stat = statFields(command.pgid);
    expect(stat[2]).toBe(String(command.pgid));
    expect(stat[19]).toBe(command.startTime);
    expect(existsSync(marker)).toBe(false);
    command.go();
    expect(await command.exited).toBe(0);
    expect(existsSync(marker)).toBe(true);
  });

  test('abandoned, it never runs', async () => {
    const marker = newFile();
    const command = await launch(python, specification(['touch', marker]));
    command.abandon();
    expect(await command.exited).not.toBe(0);
    expect(existsSync(marker)).toBe(false);
    expect(isRunning(command.pgid)).toBe(false);
  });

  test('a signal ends it', async () => {
    const command = await launch(python, specification(['sleep', '100']));
    process.kill(-command.pgid, 'SIGTERM');
    expect(await command.exited).toBe(143);
  });
});

describe('the command', () => {
  test('has the environment that it was given, and default signal handlers', async () => {
    const script = `env > $OUT; grep -E '^Sig(Ign|Blk)' /proc/self/status >> $OUT`;
    const { out } = await runScript(script, { env: { PATH: '/usr/bin:/bin', ONLY: 'mine' } });
    expect(out).toContain('ONLY=mine');
    expect(out).not.toMatch(/^(HOME|NODE_|VITEST|PYTHON)/m);
    expect(out).toContain('SigBlk:\t0000000000000000');
    expect(out).toContain('SigIgn:\t0000000000000000');
  });

  test('inherits nothing of what runner and launcher say to each other', async () => {
    const { out } = await runScript('ls -l /proc/self/fd > $OUT');
    expect(out).not.toMatch(/ 3 -> (pipe|socket)/);
    expect(out).not.toMatch(/ 4 -> (pipe|socket)/);
  });

  test('is bound to its cores', async () => {
    const { out } = await runScript('taskset -pc $$ > $OUT', { cores: [0] });
    expect(out).toMatch(/: 0$/);
  });

  test('that cannot be bound does not run', async () => {
    expect(await runScript('echo ran > $OUT', { cores: [4095] })).toMatchObject({
      code: 126,
      out: '',
    });
  });

  test('has a limit of its data segment', async () => {
    const { out } = await runScript('ulimit -d > $OUT', { dataLimitBytes: 256 * 2 ** 20 });
    expect(out).toBe(String(256 * 1024));
    const program = 'bytearray(512 * 2 ** 20)';
    const limit = { dataLimitBytes: 256 * 2 ** 20 };
    const command = await launch(python, specification([python, '-c', program], limit));
    command.go();
    expect(await command.exited).toBe(1);
  });

  test('enters its cgroup, and needs no other limit then', async () => {
    // A folder with that file: what the kernel makes of it is no matter of the launcher's.
    writeFileSync(join(folder, 'cgroup.procs'), '');
    const { out } = await runScript('ulimit -d > $OUT', {
      cgroup: folder,
      dataLimitBytes: 2 ** 28,
    });
    expect(out).toBe('unlimited');
    expect(readFileSync(join(folder, 'cgroup.procs'), 'utf8')).toBe('0');
  });

  test('has the other limit where its cgroup may not be entered', async () => {
    const cgroup = join(folder, 'absent');
    const { out } = await runScript('ulimit -d > $OUT', { cgroup, dataLimitBytes: 2 ** 28 });
    expect(out).toBe(String(2 ** 18));
  });
});

describe('signals', () => {
  test('reach every process of the group, also one that is stopped', async () => {
    const out = newFile();
    const script = `trap 'wait; exit 5' TERM; (trap 'exit 6' TERM; kill -STOP $BASHPID; sleep 100) & echo $! > ${out}; wait`;
    const command = await launch(python, specification(['bash', '--norc', '-c', script]));
    command.go();
    const child = Number(await written(out));
    await expect.poll(() => statFields(child)[0]).toBe('T');
    command.signal('SIGTERM');
    expect(await command.exited).toBe(5);
    expect(isRunning(child)).toBe(false);
  });

  test('sent to the runner alone reach the command once', async () => {
    const program = `trap 'echo caught; exit 3' USR2; echo go; while :; do sleep 0.05; done`;
    const runner = execa(process.execPath, [here, python, 'bash', '--norc', '-c', program], {
      reject: false,
    });
    await once(runner.stdout, 'data');
    runner.kill('SIGUSR2');
    const { exitCode, stdout } = await runner;
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: 'go\ncaught' });
  });

  test('sent to all of the runner’s group reach the command once', async () => {
    const program = `trap 'echo caught; exit 3' TERM; echo go; while :; do sleep 0.05; done`;
    const runner = execa(process.execPath, [here, python, 'bash', '--norc', '-c', program], {
      reject: false,
      detached: true,
    });
    await once(runner.stdout, 'data');
    process.kill(-(runner.pid ?? 0), 'SIGTERM');
    const { exitCode, stdout } = await runner;
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: 'go\ncaught' });
  });
});

describe('nothing is left behind', () => {
  test('when the launcher is killed', async () => {
    const command = await launch(python, specification(['sleep', '100']));
    command.go();
    process.kill(Number(statFields(command.pgid)[1]), 'SIGKILL');
    expect(await command.exited).toBe(137);
    await expect.poll(() => isRunning(command.pgid)).toBe(false);
  });

  test.each([
    ['that minds SIGTERM', ''],
    ['that does not mind SIGTERM', `trap '' TERM;`],
  ])('of a command %s when the runner is killed', async (_, trap) => {
    const program = `${trap} echo $$; while :; do sleep 0.05; done`;
    const runner = execa(process.execPath, [here, python, 'bash', '--norc', '-c', program], {
      reject: false,
    });
    const pid = Number(String((await once(runner.stdout, 'data'))[0]));
    expect(isRunning(pid)).toBe(true);
    runner.kill('SIGKILL');
    await expect.poll(() => isRunning(pid)).toBe(false);
    await runner;
  });
});
