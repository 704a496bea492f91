import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import { findSampleModel } from '../../activities/platform/python.ts';
import { openChromaStore } from '../../activities/stores/drivers/chromaStore.ts';
import { connect } from '../../workers/client/index.ts';
import { parseCoreSet } from '../../workers/devices/coreSets.ts';
import { allowedCores } from '../../workers/devices/cpuTopology.ts';
import { createStackUrl } from '../../workers/stackUrl.ts';
import {
  identifyProcess,
  isAlive,
  type ProcessIdentity,
  processTree,
  threadIds,
  threadStatus,
} from '../../workers/supervisor/procfs.ts';
import {
  isServing,
  readStack,
  requireStack,
  type StartedStack,
  startStack,
  stopStack,
  waitUntilReady,
} from '../../workers/supervisor/stack.ts';
import { readStackFile, type StackFile } from '../../workers/supervisor/stackFile.ts';

import { samplePoint, samplePoints, sampleSpec } from '../support/stores/samplePoints.ts';

/** Processes of a real stack from dist/: how they start, are bound, die, come back and end. */

const folders: string[] = [];
const cores = allowedCores();
/** Two devices where the machine has two cores; more would need a larger one. */
const coreSets = cores.slice(0, 2).map(String);

async function newHome(): Promise<{ paths: Paths; env: NodeJS.ProcessEnv }> {
  const home = await mkdtemp(join(tmpdir(), 'berth-stack-'));
  const shm = await mkdtemp('/dev/shm/berth-stack-');
  folders.push(home, shm);
  const env = {
    ...process.env,
    BERTH_HOME: home,
    BERTH_SHM: shm,
    BERTH_DEVICES: coreSets.join(';'),
    // Whoever runs the tests may have a profile of their own.
    TEMPORAL_CONFIG_FILE: join(home, 'no-temporal.toml'),
  };
  return { paths: createPaths(home, shm), env };
}

/** Every process of a stack, descendants of workers included. */
function processesOf(stack: StackFile): ProcessIdentity[] {
  return processTree(stack.supervisor.pid).flatMap((pid) => identifyProcess(pid) ?? []);
}

/** Other processes' ends raise no event here, so they are looked at. */
const untilGone = (processes: ProcessIdentity[]) =>
  vi.waitFor(() => expect(processes.filter(isAlive)).toEqual([]), { timeout: 30_000 });

const processNamed = (stack: StackFile, name: string) => {
  const found = stack.processes.find((process) => process.name === name);
  if (found === undefined) throw new Error(`no process ${name}`);
  return found;
};

/** Kills processes and waits until others serve in their place. */
async function killAndAwait(paths: Paths, names: string[]): Promise<StackFile> {
  const before = await requireStack(paths);
  for (const name of names) process.kill(processNamed(before, name).pid ?? 0, 'SIGKILL');
  return vi.waitFor(
    async () => {
      const stack = await requireStack(paths);
      expect(isServing(stack)).toBe(true);
      for (const name of names) {
        expect(processNamed(stack, name).pid).not.toBe(processNamed(before, name).pid);
      }
      return stack;
    },
    { timeout: 60_000 },
  );
}

/** Runs a workflow whose activity runs on the host worker. */
async function runThroughWorkers(stack: StackFile): Promise<unknown> {
  const connection = await Connection.connect({ address: stack.temporal?.address });
  try {
    const client = new Client({ connection, namespace: stack.temporal?.namespace });
    return await client.workflow.execute('sweepStoreWorkflow', {
      taskQueue: 'berth',
      workflowId: `sweep/${Date.now()}`,
      args: [{ hostId: stack.hostId }],
    });
  } finally {
    await connection.close();
  }
}

let paths: Paths;
let env: NodeJS.ProcessEnv;
let started: StartedStack;

beforeAll(async () => {
  const home = await newHome();
  paths = home.paths;
  env = { ...home.env, BERTH_METRICS: `127.0.0.1:${await getPort()}` };
  started = await startStack({ detach: true, env });
});

afterAll(async () => {
  await stopStack(paths);
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

describe('a stack that is up', () => {
  test('names its server, its queues and its devices', async () => {
    const stack = await waitUntilReady(paths);
    expect(stack).toEqual(started.stack);
    expect(stack.temporal).toMatchObject({ embedded: true, namespace: 'berth' });
    expect(stack.processes.map(({ name, queue }) => [name, queue])).toEqual([
      ['temporal', null],
      ['chroma', null],
      ['workflow', 'berth'],
      ['host', `host.${stack.hostId}`],
      ['query', `query.${stack.hostId}`],
      ...coreSets.map((_, index) => [`device-cpu${index}`, `device.${stack.hostId}.cpu${index}`]),
    ]);
    expect((await fetch(stack.temporal?.uiUrl ?? '')).status).toBe(200);
  });

  test('keeps finished workflows for 30 days and has the search attributes', async () => {
    const { temporal } = await requireStack(paths);
    const connection = await Connection.connect({ address: temporal?.address });
    try {
      const { config } = await connection.workflowService.describeNamespace({ namespace: 'berth' });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace: 'berth',
      });
      expect(customAttributes).toMatchObject({ BerthPipeline: 2, BerthModel: 2, BerthHost: 2 });
    } finally {
      await connection.close();
    }
  });

  test('binds every thread of a device worker to the cores of its device', async () => {
    const stack = await requireStack(paths);
    for (const [index, set] of coreSets.entries()) {
      const { pid, binding } = processNamed(stack, `device-cpu${index}`);
      expect(binding).toMatchObject({ expected: set, actual: set, verified: true });
      const lists = processTree(pid ?? 0).flatMap((process) =>
        threadIds(process).map((thread) => threadStatus(process, thread, 'Cpus_allowed_list')),
      );
      expect(lists.length).toBeGreaterThan(5);
      expect(new Set(lists)).toEqual(new Set([set]));
    }
    const { pid } = processNamed(stack, 'host');
    expect(parseCoreSet(threadStatus(pid ?? 0, pid ?? 0, 'Cpus_allowed_list') ?? '')).toEqual(
      cores,
    );
  });

  test('binds every thread of a bridge to the cores of its device', async () => {
    const berth = await connect({ env });
    const job = await berth.ingest({ source: findSampleModel(), name: 'bound' });
    try {
      const { worker, bridge } = await vi.waitFor(
        async () => {
          const running = (await requireStack(paths)).processes.find(
            (process) => process.bridge?.state === 'running',
          );
          if (running?.bridge?.pid == null) throw new Error('no bridge runs');
          return { worker: running, bridge: running.bridge.pid };
        },
        { timeout: 60_000 },
      );
      expect(processTree(worker.pid ?? 0)).toContain(bridge);
      const lists = threadIds(bridge).map((id) => threadStatus(bridge, id, 'Cpus_allowed_list'));
      expect(lists.length).toBeGreaterThan(0);
      expect(new Set(lists)).toEqual(new Set([worker.binding?.expected]));
      expect(worker.binding).toMatchObject({ verified: true });
    } finally {
      await job.cancel();
      await expect(job.result()).rejects.toMatchObject({ type: 'JobCancelled' });
      await berth.close();
    }
  });

  test('serves metrics of every worker', async () => {
    const stack = await requireStack(paths);
    await runThroughWorkers(stack);
    const workers = stack.processes.filter(({ queue }) => queue !== null);
    expect(new Set(workers.map(({ metrics }) => metrics)).size).toBe(workers.length);
    for (const { metrics } of workers) {
      const response = await fetch(`http://${metrics}/metrics`);
      expect(await response.text()).toContain('temporal_');
    }
    const host = await fetch(`http://${processNamed(stack, 'host').metrics}/metrics`);
    expect(await host.text()).toMatch(
      /berth_activity_seconds_count\{[^}]*activity_type="sweepStore"/,
    );
    const { metrics, deviceId } = processNamed(stack, 'device-cpu0');
    const device = await fetch(`http://${metrics}/metrics`);
    expect(await device.text()).toContain(`device="${deviceId}"`);
  });

  test('refuses a second one in the same home, in one line', async () => {
    const { supervisor } = await requireStack(paths);
    await expect(startStack({ detach: true, env })).rejects.toMatchObject({
      type: 'StackRunning',
      message: `a stack already runs in ${paths.home} (process ${supervisor.pid}); berth down stops it`,
    });
  });

  test('starts a killed worker again', async () => {
    const names = (await requireStack(paths)).processes
      .map(({ name }) => name)
      .filter((name) => name !== 'temporal' && name !== 'chroma');
    const stack = await killAndAwait(paths, names);
    for (const name of names) {
      expect(processNamed(stack, name)).toMatchObject({
        restarts: 1,
        lastExit: 'signal SIGKILL',
      });
    }
    expect(processNamed(stack, 'device-cpu0').binding).toMatchObject({ verified: true });
    await runThroughWorkers(stack);
  });

  test('starts a killed server again, on the same ports, and workers find back to it', async () => {
    const before = await requireStack(paths);
    const stack = await killAndAwait(paths, ['temporal']);
    expect(stack.temporal).toEqual(before.temporal);
    await runThroughWorkers(stack);
  });

  test('starts a killed Chroma again, at the same address, with its data', async () => {
    const before = await requireStack(paths);
    const store = await openChromaStore({
      url: null,
      stackUrl: await createStackUrl(paths)('chroma'),
      env: {},
    });
    await store.createCollection('docs-v1', sampleSpec('docs', 8));
    await store.upsert('docs-v1', samplePoints(100, 8));
    await store.switchAlias('docs', 'docs-v1');
    const stack = await killAndAwait(paths, ['chroma']);
    expect(stack.chroma).toEqual(before.chroma);
    expect(await store.count('docs-v1')).toBe(100);
    expect((await store.resolveAlias('docs'))?.physical).toBe('docs-v1');
    const point = samplePoint(7, 8);
    const [hit] = await store.search('docs-v1', { vector: point.vector, limit: 1 });
    expect(hit?.point.id).toBe(point.id);
    await store.close();
  });

  test('leaves the ports to another stack beside it', async () => {
    const here = await requireStack(paths);
    const home = await newHome();
    const other = await startStack({ detach: false, env: home.env });
    const all = processesOf(other.stack);
    try {
      expect(other.stack.temporal?.ports?.frontend).not.toBe(here.temporal?.ports?.frontend);
      expect(other.stack.temporal?.ports?.ui).not.toBe(here.temporal?.ports?.ui);
      expect(other.stack.chroma?.port).not.toBe(here.chroma?.port);
      expect(other.stack.hostId).not.toBe(here.hostId);
      await runThroughWorkers(other.stack);
    } finally {
      await other.stop();
    }
    expect(await other.exited).toBe(0);
    expect(all.filter(isAlive)).toEqual([]);
    expect(isServing(await requireStack(paths))).toBe(true);
  });
});

test('a stack can serve a host on a Temporal server that somebody else runs', async () => {
  const { temporal } = await requireStack(paths);
  const home = await newHome();
  const host = await startStack({
    detach: false,
    env: {
      ...home.env,
      TEMPORAL_ADDRESS: temporal?.address,
      TEMPORAL_NAMESPACE: temporal?.namespace,
      BERTH_DEVICES: 'none',
    },
  });
  try {
    expect(host.stack.temporal).toMatchObject({ embedded: false, address: temporal?.address });
    expect(host.stack.processes.map(({ name }) => name)).toEqual([
      'chroma',
      'workflow',
      'host',
      'query',
    ]);
    await runThroughWorkers(host.stack);
  } finally {
    await host.stop();
  }
});

describe('a stack that ends', () => {
  test('drains on SIGTERM, leaves no process and takes its ports again', async () => {
    const stack = await requireStack(paths);
    const all = processesOf(stack);
    expect(all.length).toBeGreaterThan(4);
    expect(await stopStack(paths)).toBe(true);
    await untilGone(all);
    expect(await readStack(paths)).toBeUndefined();
    const ended = await readStackFile(paths);
    expect(ended?.state).toBe('stopped');
    // Nobody had to be killed: every process ended by itself.
    expect(ended?.processes.map(({ lastExit }) => lastExit)).not.toContain('signal SIGKILL');
    expect(await stopStack(paths)).toBe(false);

    started = await startStack({ detach: true, env });
    expect(started.stack.temporal).toEqual(stack.temporal);
    expect(started.stack.hostId).toBe(stack.hostId);
  });

  test('takes every process with it when its supervisor is killed', async () => {
    const stack = await requireStack(paths);
    const all = processesOf(stack);
    process.kill(stack.supervisor.pid, 'SIGKILL');
    await untilGone(all);
    expect(await readStack(paths)).toBeUndefined();
  });

  test('ends with the process that started it, unless detached', async () => {
    const home = await newHome();
    const module = join(packageRoot(), 'dist', 'workers', 'supervisor', 'stack.js');
    const script = `import { startStack } from ${JSON.stringify(module)};
      await startStack({ detach: false });
      console.log('up');`;
    const starter = execa('node', ['--input-type=module', '-e', script], {
      env: home.env,
      reject: false,
    });
    await new Promise((resolve, reject) => {
      starter.stdout.once('data', resolve);
      starter.once('exit', () => reject(new Error('the stack did not come up')));
    });
    const all = processesOf(await requireStack(home.paths));
    starter.kill('SIGKILL');
    await untilGone(all);
    expect((await readStackFile(home.paths))?.state).toBe('stopped');
  });
});
