import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { createLocalScaler } from '../../../workers/scaling/localScaler.ts';
import { openParkedDevices } from '../../../workers/scaling/parkedDevices.ts';
import { createPoolInMemory } from '../../support/scaling/poolInMemory.ts';

let path: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-scaling-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  path = join(folder, 'parked.json');
});

async function rig(devices: number, pool = createPoolInMemory(devices)) {
  const there = new Set(pool.deviceIds);
  const scaler = createLocalScaler({
    deviceIds: pool.deviceIds,
    pool: pool.client,
    workers: {
      isThere: (deviceId) => there.has(deviceId),
      start: async (deviceId) => void there.add(deviceId),
      stop: async (deviceId) => void there.delete(deviceId),
    },
    parked: await openParkedDevices(path),
    logger: pino({ level: 'silent' }),
  });
  return { pool, there, scaler };
}

test('a free device is drained, then its worker stops; it comes back when wanted', async () => {
  const { pool, there, scaler } = await rig(3);
  await scaler.scaleTo(1);
  expect(await scaler.current()).toBe(1);
  expect(there.size).toBe(3);
  await scaler.scaleTo(1);
  expect([...there]).toEqual(['h.gpu0']);
  pool.ask('a', 'b', 'c');
  expect(pool.waiting()).toEqual(['b', 'c']);
  await scaler.scaleTo(3);
  expect(there.size).toBe(3);
  expect(pool.held()).toEqual(['a', 'b', 'c']);
});

test('a worker stops only when nobody holds its device, and the fewest are disturbed', async () => {
  const { pool, there, scaler } = await rig(3);
  pool.ask('a', 'b');
  await scaler.scaleTo(1);
  await scaler.scaleTo(1);
  expect(there.size).toBe(2);
  expect(pool.held()).toEqual(['a', 'b']);
  for (const lease of pool.held()) pool.release(lease);
  pool.ask('c', 'd');
  expect(pool.held()).toEqual(['c']);
  await scaler.scaleTo(1);
  expect(there.size).toBe(1);
});

test('a device whose worker is still there comes back without a start', async () => {
  const { there, scaler } = await rig(2);
  await scaler.scaleTo(0);
  const before = new Set(there);
  await scaler.scaleTo(2);
  expect(there).toEqual(before);
  expect(await scaler.current()).toBe(2);
});

test('what a person has drained stays drained', async () => {
  const { pool, scaler } = await rig(2);
  await pool.client.drain('h.gpu0');
  expect(await scaler.current()).toBe(1);
  await scaler.scaleTo(2);
  expect(await scaler.current()).toBe(1);
});

test('another supervisor takes up what the one before had drained', async () => {
  const { pool, scaler } = await rig(2);
  await scaler.scaleTo(1);
  const next = await rig(2, pool);
  await next.scaler.scaleTo(1);
  expect(next.there.size).toBe(1);
  await next.scaler.scaleTo(2);
  expect(await next.scaler.current()).toBe(2);
  // A pool that was started anew knows nothing of drains.
  await next.scaler.scaleTo(1);
  const fresh = await rig(2);
  await fresh.scaler.scaleTo(1);
  expect(await fresh.scaler.current()).toBe(1);
});
