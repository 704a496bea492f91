import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import type { DemandForecast } from '../../activities/usage/forecast/forecastDemand.ts';
import type { UsageReport } from '../../activities/usage/report/usageReport.ts';
import type { DeviceStatus } from '../../workers/client/status.ts';
import type { PoolDescription } from '../../workflows/contracts/pool/description.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

/** A whole stack of two CPU devices that scales itself, and what it records. */

const main = join(packageRoot(), 'dist', 'scripts', 'cli', 'main.js');
let stack: TestStack;
beforeAll(async () => {
  const times = JSON.stringify({ minRunMs: 0, heartbeatMs: 2_000, hostLapseMs: 60_000 });
  stack = await startTestStack({
    BERTH_POOL_TIMES: times,
    ...{ BERTH_SCALER: 'local', BERTH_SCALE: '1-2' },
  });
});
afterAll(() => stack?.stop());

/** Holds a device until the file is there; `held` resolves when it does hold one. */
function hold(file: string) {
  const text = `echo held; until [ -e '${file}' ]; do sleep 0.2; done`;
  const child = execa('node', [main, 'run', '--team', 'nlp', '--', 'sh', '-c', text], {
    env: stack.env,
    reject: false,
    stdin: 'ignore',
  });
  return { child, held: once(child.stdout, 'data') };
}

const workers = async (): Promise<string[]> =>
  (await stack.json<DeviceStatus[]>('devices')).map(({ worker }) => worker?.state ?? 'none').sort();

test('devices come when somebody waits for them, and all that was lent is recorded', async () => {
  await vi.waitFor(async () => expect(await workers()).toEqual(['none', 'running']), {
    timeout: 60_000,
    interval: 1_000,
  });
  const states = (await stack.json<PoolDescription>('pool')).devices.map(({ state }) => state);
  expect(states.toSorted()).toEqual(['draining', 'free']);
  const done = join(stack.home, 'done');
  const first = hold(done);
  await first.held;
  const second = hold(done);
  await second.held;
  expect(await workers()).toEqual(['running', 'running']);
  await writeFile(done, '');
  expect((await first.child).exitCode).toBe(0);
  expect((await second.child).exitCode).toBe(0);

  const report = await vi.waitFor(
    async () => {
      const usage = await stack.json<UsageReport>('pool', 'usage', '--by', 'team');
      expect(usage.total.leases).toBe(2);
      expect(usage.total.watched).toBeGreaterThan(0);
      return usage;
    },
    { timeout: 60_000, interval: 1_000 },
  );
  expect(report.rows).toMatchObject([{ group: 'nlp', leases: 2, cost: null }]);
  // The second one waited for its device.
  expect(report.total.wait?.p95Seconds).toBeGreaterThan(25);
  expect(report.total.utilization).toBeGreaterThanOrEqual(0);

  // One more, and what such commands take is known.
  expect((await stack.run('run', '--suggest', '--', 'sh')).stdout).toMatch(/^nothing to suggest: /);
  expect((await hold(done).child).exitCode).toBe(0);
  const suggested = await vi.waitFor(
    async () => {
      const { stdout } = await stack.run('run', '--suggest', '--', 'sh');
      expect(stdout).toMatch(/^suggested /);
      return stdout;
    },
    { timeout: 30_000, interval: 1_000 },
  );
  expect(suggested).toMatch(/--expected \d+s\nlearned from +3 leases of sh\n/);

  const forecast = await stack.json<DemandForecast>('pool', 'forecast');
  expect(forecast).toMatchObject({ error: null, caveat: expect.stringMatching(/recorded/) });
  const { code, stderr } = await stack.run('pool', 'usage', '--since', 'yesterday');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: --since yesterday: expected a time back/);
}, 300_000);
