import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import { findSampleModel } from '../../activities/platform/python.ts';
import { type Berth, connect } from '../../workers/client/index.ts';
import { openDeviceFence } from '../../workers/devices/openDeviceFence.ts';
import { requireStack } from '../../workers/supervisor/stack.ts';
import type { PoolDescription } from '../../workflows/contracts/pool/description.ts';
import { poolQueries, poolWorkflowId } from '../../workflows/contracts/pool/messages.ts';
import { isRunning } from '../support/isRunning.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { stackClient } from '../support/stackClient.ts';

/** What becomes of a device whose holder is gone without having given it back, on a real stack. */
let stack: TestStack;
let paths: Paths;
let berth: Berth;
let server: Awaited<ReturnType<typeof stackClient>>;

beforeAll(async () => {
  stack = await startTestStack({
    BERTH_DEVICES: '0',
    BERTH_POOL_TIMES: JSON.stringify({ heartbeatMs: 500 }),
  });
  paths = createPaths(stack.home, stack.shm);
  berth = await connect({ env: { ...process.env, ...stack.env } });
  server = await stackClient(paths);
});
afterAll(async () => {
  await server?.close();
  await berth?.close();
  await stack?.stop();
});

const describePool = () =>
  server.client.workflow
    .getHandle(poolWorkflowId('default'))
    .query<PoolDescription>(poolQueries.describe);

const deviceWorker = async () => {
  const { processes } = await requireStack(paths);
  const found = processes.find(({ name }) => name === 'device-cpu0');
  if (found === undefined) throw new Error('no device worker');
  return found;
};

/** Starts a job and waits until a bridge works for it. */
async function startAtWork(name: string) {
  const { workflowId } = await berth.ingest({ source: findSampleModel(), name });
  const bridge = await vi.waitFor(
    async () => {
      const { bridge } = await deviceWorker();
      if (bridge?.state !== 'running' || bridge.pid === null) throw new Error('no bridge runs');
      return bridge.pid;
    },
    { timeout: 60_000 },
  );
  const [lease] = (await describePool()).leases;
  const device = lease?.devices[0];
  if (device === undefined) throw new Error('no device is lent');
  return { job: server.client.workflow.getHandle(workflowId), bridge, device };
}

const untilFree = () =>
  vi.waitFor(
    async () => {
      const { leases, devices } = await describePool();
      expect(leases).toEqual([]);
      expect(devices.map(({ state }) => state)).toEqual(['free']);
    },
    { timeout: 60_000 },
  );

test('the pool is found by its attributes', async () => {
  const { typedSearchAttributes, staticSummary } = await server.client.workflow
    .getHandle(poolWorkflowId('default'))
    .describe()
    .then(async (description) => ({
      ...description,
      staticSummary: await description.staticSummary(),
    }));
  expect(staticSummary).toBe('pool default: lends devices');
  const pairs = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
  expect(Object.fromEntries(pairs)).toMatchObject({ BerthPipeline: 'lease', BerthPool: 'default' });
});

test('a job that is terminated leaves no bridge, and its epoch is over', async () => {
  const { job, bridge, device } = await startAtWork('terminated');
  await job.terminate('test');
  await untilFree();
  expect(isRunning(bridge)).toBe(false);
  const { liveEpochs, highestEpoch } = await openDeviceFence(paths, device.deviceId).state();
  expect(liveEpochs).not.toContain(device.epoch);
  expect(highestEpoch).toBeGreaterThanOrEqual(device.epoch);
  expect((await deviceWorker()).restarts).toBe(0);
});

test('a device worker that does not answer is killed for it, with its bridge', async () => {
  const { job, bridge } = await startAtWork('stopped');
  const { pid } = await deviceWorker();
  process.kill(pid ?? 0, 'SIGSTOP');
  await job.terminate('test');
  await untilFree();
  expect(isRunning(bridge)).toBe(false);
  await vi.waitFor(async () => expect(await deviceWorker()).toMatchObject({ state: 'running' }), {
    timeout: 60_000,
  });
  // Killed for its silence; on a busy machine its successor may have been slow to answer, too.
  expect((await deviceWorker()).restarts).toBeGreaterThan(0);
  const next = await startAtWork('next');
  await next.job.cancel();
  await untilFree();
});
