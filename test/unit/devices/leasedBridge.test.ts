import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createFence } from '../../../activities/devices/fence.ts';
import { createLeasedBridge } from '../../../activities/devices/leasedBridge.ts';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { startBridge } from '../../../workers/bridge.ts';
import { deviceId, leaseOf } from '../../support/deviceRig.ts';
import { isRunning } from '../../support/isRunning.ts';
import { folderForTest } from '../../support/modelFolder.ts';

async function leasedBridge() {
  const folder = await folderForTest();
  const leased = createLeasedBridge({
    fence: createFence({ path: join(folder, 'fence.json'), deviceId }),
    start: () =>
      startBridge({
        python: findPython(),
        logger: pino({ level: 'silent' }),
        threads: 1,
        module: 'tiny_bridge',
        packageFolder: join(packageRoot(), 'test', 'support', 'tinyBridge'),
      }),
  });
  onTestFinished(() => leased.close());
  return leased;
}

test('one bridge serves a lease; the next lease gets one of its own once that has exited', async () => {
  const leased = await leasedBridge();
  const first = await leased.use(leaseOf(1));
  expect(await leased.use(leaseOf(1))).toBe(first);
  const second = await leased.use(leaseOf(2));
  expect(second.pid).not.toBe(first.pid);
  expect(isRunning(first.pid)).toBe(false);
  await expect(leased.use(leaseOf(1))).rejects.toMatchObject({ type: 'LeaseFenced' });
  expect(isRunning(second.pid)).toBe(true);
});

test('a bridge that failed is replaced under the same lease', async () => {
  const leased = await leasedBridge();
  const first = await leased.use(leaseOf(1));
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const second = await leased.use(leaseOf(1));
  expect(second.usable).toBe(true);
  expect(second.pid).not.toBe(first.pid);
});

test('clearing waits for the exit, may be repeated, and spares a later lease', async () => {
  const leased = await leasedBridge();
  const first = await leased.use(leaseOf(1));
  await leased.clear(leaseOf(1));
  expect(isRunning(first.pid)).toBe(false);
  await expect(leased.use(leaseOf(1))).rejects.toMatchObject({ type: 'LeaseFenced' });
  const second = await leased.use(leaseOf(2));
  await leased.clear(leaseOf(1));
  expect(second.usable).toBe(true);
});
