import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createPaths } from '../../activities/platform/paths.ts';
import { openDeviceFence } from '../../workers/devices/openDeviceFence.ts';
import { folderForTest } from '../support/modelFolder.ts';

const script = fileURLToPath(new URL('../support/fenceWriter.mjs', import.meta.url));
const deviceId = 'h.cpu0';
const kills = 8;

/** Two processes that share a fence, as a device worker and the supervisor do, and die again and again. */
test('a fence of two processes keeps every retirement, whenever one of them is killed', async () => {
  const home = await folderForTest();
  const fence = openDeviceFence(createPaths(home, `${home}/shm`), deviceId);
  const retired = new Set<number>();
  let highest = 0;
  const children: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const start = (parity: number): ChildProcess => {
    const first = (Math.floor(highest / 2) + 5) * 2 + parity;
    const child = fork(script, [home, deviceId, String(first), '2'], {
      stdio: 'inherit',
      execArgv: [],
    });
    children.push(child);
    child.on('message', (epoch: number) => {
      retired.add(epoch);
      highest = Math.max(highest, epoch);
    });
    return child;
  };
  const writers = [start(0), start(1)];
  await Promise.all(writers.map((writer) => once(writer, 'message')));
  for (let kill = 0; kill < kills; kill += 1) {
    const parity = kill % 2;
    const writer = writers[parity] as ChildProcess;
    // In the middle of whatever it does after some steps of its own.
    for (let steps = 0; steps < kill % 5; steps += 1) await once(writer, 'message');
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    const { liveEpochs } = await fence.state();
    expect(liveEpochs.filter((epoch) => retired.has(epoch))).toEqual([]);
    const next = start(parity);
    writers[parity] = next;
    await once(next, 'message');
  }
  for (const writer of writers) {
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
  expect(retired.size).toBeGreaterThan(kills);
  const { liveEpochs } = await fence.state();
  expect(liveEpochs.filter((epoch) => retired.has(epoch))).toEqual([]);
  // Fast writers retire thousands: the first and last of them stand for all.
  const some = [...retired].sort((a, b) => a - b);
  for (const epoch of new Set([...some.slice(0, 20), ...some.slice(-20)])) {
    const device = { deviceId, taskQueue: 'q', hostId: 'h', milli: 500, memoryMib: 0 };
    const devices = [{ ...device, epoch, liveEpochs: [epoch] }];
    const lease = { leaseId: 'l', pool: 'p', team: 't', expiresAt: Date.now() + 60_000, devices };
    await expect(fence.admit(lease)).rejects.toMatchObject({ type: 'LeaseFenced' });
  }
});
