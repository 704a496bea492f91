import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import type { StackStatus } from '../../workers/client/status.ts';
import type { RunReport } from '../../workers/commands/runner/runCommand.ts';
import type { PoolDescription } from '../../workflows/contracts/pool/description.ts';
import { isRunning } from '../support/isRunning.ts';
import { atTerminal } from '../support/pty/terminal.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { within } from '../support/within.ts';

/** `berth run` against a whole stack with two CPU devices of one core each. */

const main = join(packageRoot(), 'dist', 'scripts', 'cli', 'main.js');

let stack: TestStack;
beforeAll(async () => {
  const times = { minRunMs: 0, graceMs: 3_000 };
  stack = await startTestStack({ BERTH_POOL_TIMES: JSON.stringify(times) });
});
afterAll(() => stack?.stop());

interface Report extends RunReport {
  error?: { type: string; message: string };
}
const reportOf = (stderr: string): Report => JSON.parse(stderr.trim().split('\n').at(-1) ?? '');

/** A shell script under a lease. */
const script = (text: string, ...options: string[]) => [
  'run',
  ...options,
  '--',
  'bash',
  '--norc',
  '-c',
  text,
];

/** `berth run` as a process of its own; resolves once the command has written a line. */
async function startScript(text: string, ...options: string[]) {
  const child = execa('node', [main, ...script(text, ...options)], {
    env: stack.env,
    reject: false,
    stdin: 'ignore',
  });
  const [line] = await once(child.stdout, 'data');
  // In an object: a process is a promise of its end, which is not to be awaited here.
  return { child, line: String(line).trim() };
}

/** `berth run` as a process of its own that nothing is expected of at first. */
const startWaiting = (text: string, ...options: string[]) =>
  execa('node', [main, ...script(text, ...options)], {
    env: stack.env,
    reject: false,
    stdin: 'ignore',
  });

/** Resolves once the process has written the text to standard error. */
function saysOnStderr(child: { stderr: NodeJS.ReadableStream }, text: string): Promise<void> {
  let seen = '';
  return new Promise((resolve) => {
    child.stderr.on('data', (chunk) => {
      seen += chunk;
      if (seen.includes(text)) resolve();
    });
  });
}

describe('a command', () => {
  test('runs on its devices, with its input, output and exit code', async () => {
    const text = 'cat; taskset -pc $$; env | grep -E "^(BERTH_|CUDA_|OMP_)"; echo oops >&2; exit 7';
    const { exitCode, stdout, stderr } = await execa(
      'node',
      [main, ...script(text, '--gpus', '2', '--team', 'nlp')],
      { env: { ...stack.env, OMP_NUM_THREADS: '1' }, reject: false, input: 'typed in\n' },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 7, stderr: 'oops' });
    expect(stdout).toMatch(/^typed in\n/);
    expect(stdout).toMatch(/affinity list: 0,1$/m);
    expect(stdout).toMatch(/^BERTH_DEVICES_LEASED=\w+\.cpu0,\w+\.cpu1$/m);
    expect(stdout).toMatch(/^BERTH_RESTARTS=0$/m);
    expect(stdout).toMatch(/^CUDA_VISIBLE_DEVICES=$/m);
    expect(stdout).toMatch(/^OMP_NUM_THREADS=1$/m);
  });

  test('finds its lease in a file', async () => {
    const { code, stdout } = await stack.run(...script('cat $BERTH_LEASE'));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      lease: { pool: 'default', team: 'default', devices: [{ milli: 1000 }] },
      revoking: null,
    });
  });

  test('is reported to scripts in a file and at the end of standard error', async () => {
    const file = join(stack.home, 'report.json');
    const { stdout, stderr } = await stack.run(...script('exit 3', '--json', '--report', file));
    const report = reportOf(stderr);
    expect(stdout).toBe('');
    expect(report).toMatchObject({
      workflowId: expect.stringMatching(/^lease\/default\/run-/),
      exitCode: 3,
      runs: [{ exitCode: 3, revocation: null, deviceIds: [expect.stringMatching(/\.cpu\d$/)] }],
    });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(report);
  });

  test('that was ended by a signal, or cannot be run, has the code that shells give it', async () => {
    expect((await stack.run(...script('kill -KILL $$'))).code).toBe(137);
    const absent = await stack.run('run', '--', 'nothing-of-that-name');
    expect(absent.code).toBe(127);
    expect(absent.stderr).toBe('berth run: nothing-of-that-name: No such file or directory');
  });

  test('works at a terminal: Ctrl-C is its own', async () => {
    const text = 'trap "echo caught; exit 9" INT; echo go; while :; do sleep 0.05; done';
    const { code, output } = await atTerminal(
      ['node', main, ...script(text)],
      [{ expect: 'go' }, { send: '\u0003' }, { expect: 'caught' }],
      { ...process.env, ...stack.env },
    );
    expect(code).toBe(9);
    expect(output.match(/caught/g)).toHaveLength(1);
  });

  test('gets signals that are sent to berth run', async () => {
    const { child } = await startScript(
      'trap "echo caught; exit 5" TERM; echo go; while :; do sleep 0.05; done',
    );
    child.kill('SIGTERM');
    expect(await child).toMatchObject({ exitCode: 5, stdout: 'go\ncaught' });
  });
});

describe('a request', () => {
  test('that can never be met is refused at once', async () => {
    expect(await stack.run('run', '--gpus', '3', '--', 'true')).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: NoSuchDevice: [^\n]*$/),
    });
  });

  test('waits for devices, saying why; Ctrl-C withdraws it', async () => {
    const { child: holder } = await startScript('echo go; exec sleep 1000', '--gpus', '2');
    const waiting = startWaiting('echo ran');
    await saysOnStderr(waiting, 'waiting: place 1 · ');
    waiting.kill('SIGINT');
    const { exitCode, stdout, stderr } = await waiting;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(stderr).toContain('the request was withdrawn');
    const refused = await stack.run(...script('echo ran', '--no-wait', '--json'));
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(reportOf(refused.stderr).error?.type).toBe('NoDeviceFree');
    holder.kill('SIGTERM');
    await holder;
  });

  test('is met when the devices come back', async () => {
    const { child: holder } = await startScript('echo go; sleep 100', '--gpus', '2');
    const waiting = startWaiting('echo ran');
    await saysOnStderr(waiting, 'waiting: ');
    holder.kill('SIGINT');
    expect((await holder).exitCode).toBe(130);
    expect(await waiting).toMatchObject({ exitCode: 0, stdout: 'ran' });
  });
});

describe('a part of a device', () => {
  const part = ['--fraction', '0.5', '--memory', '96MiB'];

  test('has a limit of memory, and a neighbour', async () => {
    const { child } = await startScript('echo go; exec sleep 1000', ...part);
    const text = '[ -n "$(ulimit -d | grep 98304)" ] || grep -q berth- /proc/self/cgroup; echo $?';
    expect(await stack.run(...script(text, ...part))).toMatchObject({ code: 0, stdout: '0' });
    child.kill('SIGTERM');
    await child;
  });

  test('is taken back when its processes together use more than they were lent', async () => {
    const fill = 'import time; held = bytearray(70 * 2 ** 20); time.sleep(60)';
    const kind = 'grep -q berth- /proc/self/cgroup && echo cgroup || echo sampled';
    const text = `${kind}; for i in 1 2; do python3 -S -c '${fill}' & done; wait -n; wait`;
    const { stdout, stderr } = await stack.run(...script(text, ...part, '--json'));
    const { error, runs } = reportOf(stderr);
    // In a cgroup the kernel ends one of them before anybody has looked.
    expect(error?.type).toBe(stdout === 'cgroup' ? undefined : 'LeaseRevoked');
    expect(runs[0]?.revocation?.reason).toBe(stdout === 'cgroup' ? undefined : 'overuse');
  });
});

test('a part that breaks the latency goal of its neighbour is started again with less', async () => {
  const memory = ['--memory', '96MiB'];
  // Takes the other device: the two parts have to share one.
  const { child: whole } = await startScript('echo go; exec sleep 1000');
  const share = `grep -o '"milli": [0-9]*' $BERTH_LEASE | head -n 1`;
  const { child: loud, line } = await startScript(
    `echo start $BERTH_RESTARTS, $(${share}); [ $BERTH_RESTARTS = 1 ] || exec sleep 1000`,
    ...['--fraction', '0.5', '--restartable', '--json', ...memory],
  );
  expect(line).toBe('start 0, "milli": 500');
  const { child: goal } = await startScript(
    `echo '{"p95Ms": 80}' > $BERTH_LEASE.report; echo go; exec sleep 1000`,
    ...['--fraction', '0.4', '--latency-goal', '50ms', ...memory],
  );
  const { exitCode, stdout, stderr } = await loud;
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: 'start 0, "milli": 500\nstart 1, "milli": 370',
  });
  const why = 'has a p95 of 80 ms, its goal is 50 ms: queued again with 370 instead of 500';
  expect(stderr).toMatch(new RegExp(`^berth run: .*${why}`, 'm'));
  expect(reportOf(stderr).runs).toMatchObject([
    { exitCode: 143, revocation: { reason: 'latency', message: expect.stringContaining(why) } },
    { exitCode: 0, revocation: null },
  ]);
  for (const child of [whole, goal]) child.kill('SIGTERM');
  await Promise.all([whole, goal]);
});

describe('a lease that is taken back', () => {
  test('ends the command with notice, and berth run with LeaseRevoked', async () => {
    const text = 'trap "echo saved; exit 0" TERM; echo go; while :; do sleep 0.05; done';
    const { child } = await startScript(text, '--max-time', '2s', '--json');
    const { exitCode, stdout, stderr } = await child;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: 'go\nsaved' });
    expect(stderr).toMatch(/^berth run: .*; the command has until .* to end$/m);
    expect(stderr).toMatch(/^error: LeaseRevoked: /m);
    expect(reportOf(stderr)).toMatchObject({
      exitCode: 1,
      error: { type: 'LeaseRevoked' },
      runs: [{ exitCode: 0, revocation: { reason: 'max-time' } }],
    });
  });

  test('ends a command that does not mind, and what it started, after the grace', async () => {
    const text = 'trap "" TERM; sleep 1000 & echo $!; while :; do sleep 0.05; done';
    const { child, line } = await startScript(text, '--max-time', '2s', '--json');
    const { exitCode, stderr } = await child;
    expect(exitCode).toBe(1);
    expect(reportOf(stderr).runs[0]?.exitCode).toBe(137);
    expect(stderr).toContain('the command was killed');
    expect(isRunning(Number(line))).toBe(false);
  });

  test('starts a restartable command again under the next one', async () => {
    const text = 'echo start $BERTH_RESTARTS; [ $BERTH_RESTARTS = 1 ] && exit 4; exec sleep 1000';
    const options = ['--gpus', '2', '--priority', '-5', '--preemptible', '--restartable', '--json'];
    const { child } = await startScript(text, ...options);
    const urgent = await stack.run(...script('echo urgent', '--priority', '5'));
    expect(urgent).toMatchObject({ code: 0, stdout: 'urgent' });
    const { exitCode, stdout, stderr } = await child;
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: 'start 0\nstart 1' });
    const { runs } = reportOf(stderr);
    expect(runs).toMatchObject([
      { exitCode: 143, revocation: { reason: 'preempted' } },
      { exitCode: 4, revocation: null },
    ]);
    expect(runs[0]?.leaseId).not.toBe(runs[1]?.leaseId);
  });
});

describe('whatever is killed', () => {
  test('berth run: its command is ended, and the devices are lent again', async () => {
    const { child, line } = await startScript('sleep 1000 & echo $!; wait', '--gpus', '2');
    child.kill('SIGKILL');
    await child;
    await expect.poll(() => isRunning(Number(line))).toBe(false);
    expect((await stack.run(...script('true', '--gpus', '2'))).code).toBe(0);
  });

  test('berth run while it waits: its request is withdrawn', async () => {
    const { child: holder } = await startScript('echo go; exec sleep 1000', '--gpus', '2');
    const waiting = startWaiting('echo ran');
    await saysOnStderr(waiting, 'waiting: place 1 · ');
    waiting.kill('SIGKILL');
    await waiting;
    const queue = async () => (await stack.json<PoolDescription>('pool')).queue;
    await expect.poll(queue).toEqual([]);
    holder.kill('SIGTERM');
    await holder;
  });

  test('the supervisor: the command runs on, and the next one takes it up; who waits keeps its place', async () => {
    const go = join(stack.home, 'go');
    const text = `echo $$; until [ -e ${go} ]; do sleep 0.05; done; exit 6`;
    const { child, line } = await startScript(text, '--json');
    const waiting = startWaiting('echo ran', '--gpus', '2');
    const said = { child: '', waiting: '' };
    child.stderr.on('data', (chunk) => {
      said.child += chunk;
    });
    waiting.stderr.on('data', (chunk) => {
      said.waiting += chunk;
    });
    const pool = () => stack.run('pool', '--json');
    const soon = <T>(what: string, promise: PromiseLike<T>): Promise<T> =>
      within(what, promise, async () => ({ ...said, pool: await pool() }));
    await soon('waiting', saysOnStderr(waiting, 'waiting: place 1 · '));
    const away = saysOnStderr(child, 'the supervisor is away');
    const back = saysOnStderr(child, 'the supervisor is back');
    const { supervisor } = JSON.parse(
      await readFile(join(stack.home, 'run', 'stack.json'), 'utf8'),
    ) as { supervisor: { pid: number } };
    process.kill(supervisor.pid, 'SIGKILL');
    await soon('away', away);
    expect(isRunning(Number(line))).toBe(true);
    const { code } = await soon('up', stack.run('up', '--detach'));
    expect(code).toBe(0);
    await soon('back', back);
    await execa('touch', [go]);
    const { exitCode, stderr } = await soon('the command', child);
    expect(exitCode).toBe(6);
    expect(reportOf(stderr).runs).toMatchObject([{ exitCode: 6, revocation: null }]);
    expect(await soon('the next', waiting)).toMatchObject({ exitCode: 0, stdout: 'ran' });
    const after = stack.run(...script('true', '--gpus', '2'));
    expect((await soon('the last', after)).code).toBe(0);
    const { state } = await stack.json<StackStatus>('status');
    expect(state).toBe('ready');
  });
});
