import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import type { ScheduleInfo } from '../../workers/client/schedules.ts';
import type { StackStatus } from '../../workers/client/status.ts';
import type { IngestInput } from '../../workflows/contracts/ingest.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

/** The cheap commands of `berth`, as processes, against a real stack. */

const main = join(packageRoot(), 'dist', 'scripts', 'cli', 'main.js');

let stack: TestStack;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  stack = await startTestStack();
  const { server } = await stack.json<StackStatus>('status');
  connection = await Connection.connect({ address: server?.address });
  client = new Client({ connection, namespace: 'berth' });
});
afterAll(async () => {
  await connection?.close();
  await stack?.stop();
});

const errorOf = (stdout: string) => JSON.parse(stdout).error as { type: string; message: string };

/** A job that gets nowhere: its host has no worker. */
async function startStuckJob(workflowId: string): Promise<WorkflowHandle> {
  const input: IngestInput = {
    request: {
      source: '/nowhere',
      name: 'stuck',
      tag: 'latest',
      quantize: 'none',
      doubleQuant: false,
      shardBytes: 2 ** 20,
      gate: {},
      strict: false,
    },
    hostId: 'nobody',
    listingSha256: '',
    team: 'default',
  };
  return client.workflow.start('ingestModelWorkflow', {
    workflowId,
    taskQueue: 'berth',
    args: [input],
  });
}

/** `berth` as a process of its own; resolves once it has written `text` to standard error. */
async function spawnBerth(args: string[], text: string) {
  const child = execa('node', [main, ...args], { env: stack.env, reject: false, stdin: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    let seen = '';
    child.stderr.on('data', (chunk) => {
      seen += chunk;
      if (seen.includes(text)) resolve();
    });
    child.once('exit', () => reject(new Error(`berth ended early: ${seen}`)));
  });
  // In an object: a process is a promise of its end, which is not to be awaited here.
  return { child };
}

describe('status and devices', () => {
  test('show the server, who polls, and that each worker is bound to its cores', async () => {
    const status = await stack.json<StackStatus>('status');
    expect(status).toMatchObject({ home: stack.home, state: 'ready' });
    expect(status.server).toMatchObject({ embedded: true, reachable: true, namespace: 'berth' });
    expect(status.server?.webUi).toMatch(/^http:\/\//);
    expect(status.queues.map(({ name }) => name.split('.')[0])).toEqual([
      'berth',
      'host',
      'query',
      'device',
      'device',
    ]);
    expect(status.queues.every(({ pollers }) => pollers > 0)).toBe(true);
    const devices = await stack.json<StackStatus['devices']>('devices');
    expect(devices.map(({ worker }) => worker?.binding)).toMatchObject([
      { actual: '0', verified: true },
      { actual: '1', verified: true },
    ]);
  });

  test('read well', async () => {
    const { code, stdout } = await stack.run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^stack {3}ready$/m);
    expect(stdout).toMatch(/^cpu0 .* cores 0, checked on \d+ threads/m);
  });
});

describe('failures', () => {
  beforeAll(async () => {
    const input = { hostId: '', ref: 'nothing', pin: false, lock: false };
    input.hostId = (await stack.json<StackStatus>('status')).hostId ?? '';
    const options = { workflowId: 'warm/nothing/done', taskQueue: 'berth', args: [input] };
    await client.workflow.execute('warmModelWorkflow', options).catch(() => undefined);
  });

  test.each([
    [['warm', 'nothing'], 'ArtifactNotFound', 2],
    [['verify', `m@sha256:${'0'.repeat(64)}`], 'ArtifactNotFound', 2],
    [['tag', 'nothing', 'stable'], 'ArtifactNotFound', 2],
    [['watch', 'no/such/job'], 'InvalidRequest', 2],
    [['cancel', 'no/such/job'], 'InvalidRequest', 2],
    [['cancel', 'warm/nothing/done'], 'ArtifactNotFound', 2],
    [['watch', 'warm/nothing/done'], 'InvalidRequest', 2],
    [['schedules', 'pause', 'none'], 'InvalidRequest', 2],
    [['schedule', 'warm', 'm', '--cron', '99 99 * * *'], 'InvalidRequest', 2],
    [['up', '--detach'], 'StackRunning', 1],
  ])('%j', async (args, type, code) => {
    const result = await stack.run(...args, '--json');
    expect(errorOf(result.stdout).type).toBe(type);
    expect(errorOf(result.stdout).message).not.toContain('\n');
    expect(result.code).toBe(code);
  });
});

describe('schedules', () => {
  const warm = ['schedule', 'warm', 'minilm', '--id', 'mine'];
  const find = async () => (await stack.json<ScheduleInfo[]>('schedules')).find(isMine);
  const isMine = ({ id }: ScheduleInfo) => id === 'mine';

  test('are created once, changed in place, and stay paused meanwhile', async () => {
    expect(await stack.json(...warm, '--every', '24h')).toEqual({ id: 'mine', action: 'created' });
    await stack.json('schedules', 'pause', 'mine');
    expect(await stack.json(...warm, '--every', '6h', '--jitter', '1s')).toEqual({
      id: 'mine',
      action: 'updated',
    });
    const described = await client.schedule.getHandle('mine').describe();
    expect(described.spec.intervals).toMatchObject([{ every: 6 * 3_600_000 }]);
    expect(described.spec.jitter).toBe(1000);
    expect(described.policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 3_600_000 });
    expect(described.state.paused).toBe(true);
    await expect.poll(find, { timeout: 30_000 }).toMatchObject({ paused: true });
    await stack.json('schedules', 'unpause', 'mine');
    expect((await client.schedule.getHandle('mine').describe()).state.paused).toBe(false);
  });

  test('are triggered and deleted', async () => {
    await stack.json('schedules', 'trigger', 'mine');
    const handle = client.schedule.getHandle('mine');
    await expect
      .poll(async () => (await handle.describe()).info.numActionsTaken, { timeout: 30_000 })
      .toBe(1);
    await stack.json('schedules', 'delete', 'mine', '--yes');
    await expect(handle.describe()).rejects.toThrow(/not found/i);
  });

  test('of an ingest list the source when they run', async () => {
    const source = join(stack.home, 'model');
    await mkdir(source);
    await writeFile(join(source, 'config.json'), '{}');
    await writeFile(join(source, 'model.safetensors'), 'names and sizes only');
    const timing = ['--cron', '0 2 * * *', '--timezone', 'Europe/Berlin'];
    await stack.json('schedule', 'ingest', source, '--name', 'nightly', ...timing);
    const { action, spec } = await client.schedule.getHandle('ingest/nightly/latest').describe();
    expect(spec.timezone).toBe('Europe/Berlin');
    expect(action.args).toMatchObject([{ request: { source }, listingSha256: '' }]);
    await stack.json('schedules', 'delete', 'ingest/nightly/latest', '--yes');
  });
});

describe('logs', () => {
  test('are shown for one process or all', async () => {
    const [host] = await stack.json<{ process: string; lines: string[] }[]>('logs', 'host');
    expect(host?.process).toBe('host');
    expect(host?.lines.length).toBeGreaterThan(0);
    const { stdout } = await stack.run('logs', '-n', '1');
    expect(stdout).toMatch(/^==> supervisor <==$/m);
    expect(stdout).toMatch(/^==> device-cpu1 <==$/m);
  });

  test('are followed until Ctrl-C', async () => {
    const child = execa('node', [main, 'logs', 'supervisor', '-f'], {
      env: stack.env,
      reject: false,
    });
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await child).toMatchObject({ exitCode: 0 });
  });
});

describe('the stack in the foreground', () => {
  test('runs beside another one until Ctrl-C', async () => {
    const home = await mkdtemp(join(tmpdir(), 'berth-second-'));
    const shm = await mkdtemp('/dev/shm/berth-second-');
    const env = { ...stack.env, BERTH_HOME: home, BERTH_SHM: shm };
    const child = execa('node', [main, 'up', '--json'], { env, reject: false });
    const [document] = await once(child.stdout, 'data');
    const status: StackStatus = JSON.parse(String(document));
    expect(status).toMatchObject({ home, state: 'ready' });
    const first = await stack.json<StackStatus>('status');
    expect(status.server?.address).not.toBe(first.server?.address);
    child.kill('SIGINT');
    expect(await child).toMatchObject({ exitCode: 0 });
    const after = await execa('node', [main, 'status', '--json'], { env, reject: false });
    expect(JSON.parse(after.stdout)).toMatchObject({ state: 'stopped' });
    await Promise.all([home, shm].map((path) => rm(path, { recursive: true })));
  });
});

test('the package is imported by its name, and lets a program end', async () => {
  const program = `
    import { BerthError, connect } from 'berth';
    const berth = await connect();
    const { state } = await berth.status();
    const failure = await berth.warm('nothing').catch((error) => error);
    console.log(state, failure instanceof BerthError, failure.type);
    await berth.close();`;
  const options = { env: stack.env, cwd: packageRoot() };
  const { stdout } = await execa('node', ['--input-type=module', '-e', program], options);
  expect(stdout).toBe('ready true ArtifactNotFound');
});

describe('a job that is watched', () => {
  test('goes on after Ctrl-C, which says how to come back', async () => {
    const job = await startStuckJob('ingest/stuck/latest/1');
    const { child } = await spawnBerth(['watch', job.workflowId, '--json'], 'inspect   running');
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await child;
    expect(exitCode).toBe(130);
    expect(JSON.parse(stdout)).toEqual({ workflowId: job.workflowId, detached: true });
    expect(stderr).toContain(`berth watch ${job.workflowId}`);
    expect(stderr).toContain(`berth cancel ${job.workflowId}`);
    expect((await job.describe()).status.name).toBe('RUNNING');
    await job.terminate();
  });

  test('and terminated by somebody ends the watch', async () => {
    const job = await startStuckJob('ingest/stuck/latest/2');
    const { child } = await spawnBerth(['watch', job.workflowId, '--json'], 'inspect   running');
    await job.terminate();
    const { exitCode, stdout } = await child;
    expect(exitCode).toBe(1);
    expect(errorOf(stdout)).toMatchObject({
      type: 'JobCancelled',
      message: expect.stringContaining('terminated'),
    });
  });

  test('ends when the stack stops, and says that the job goes on later', async () => {
    const job = await startStuckJob('ingest/stuck/latest/3');
    const { child } = await spawnBerth(['watch', job.workflowId, '--json'], 'inspect   running');
    expect(await stack.json('down')).toEqual({ stopped: true });
    const { exitCode, stdout } = await child;
    expect(exitCode).toBe(1);
    expect(errorOf(stdout)).toMatchObject({
      type: 'StackUnavailable',
      message: expect.stringContaining('run berth up'),
    });
    const status = await stack.run('status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ state: 'stopped', server: null });
    expect(status.code).toBe(1);
  });
});
