import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { markDeviceActive } from '../../../activities/devices/deviceActivity.ts';
import { createLeaseActivities } from '../../../activities/devices/leaseActivities.ts';
import { leaseLifeMs } from '../../../activities/devices/staticAllocator.ts';
import { createPaths } from '../../../activities/platform/paths.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-leases-'));
});
afterEach(() => rm(home, { recursive: true }));

const devices = ['h.cpu0', 'h.cpu1'].map((deviceId) => ({
  deviceId,
  taskQueue: `device.${deviceId}`,
}));
const start = 1_700_000_000_000;

/** A fresh process on the same home, with workflows `open` and the clock at `now`. */
function allocator({ open = (_: string): boolean => true, now = start } = {}) {
  const paths = createPaths(home, join(home, 'shm'));
  const activities = createLeaseActivities({
    paths,
    devices: async () => devices,
    isHolderOpen: async ({ workflowId }) => open(workflowId),
    now: () => now,
  });
  const acquire = (requestId: string, count = 1) =>
    activities.acquireLease(
      { requestId, team: 't', devices: count, hostId: 'h' },
      { workflowId: `w-${requestId}`, runId: 'r' },
    );
  return { ...activities, acquire, paths };
}

test('requests at the same moment get different devices', async () => {
  const { acquire } = allocator();
  const leases = await Promise.all([acquire('a'), acquire('b')]);
  expect(leases.map((lease) => lease.devices[0]?.deviceId).sort()).toEqual(['h.cpu0', 'h.cpu1']);
});

test('NoDeviceFree names who holds the devices', async () => {
  const { acquire } = allocator();
  await acquire('a', 2);
  await expect(acquire('b')).rejects.toMatchObject({
    type: 'NoDeviceFree',
    message: 'devices wanted: 1, free: 0 of 2; held by w-a',
  });
});

test('NoSuchDevice when the host could never satisfy the request', async () => {
  await expect(allocator().acquire('a', 3)).rejects.toMatchObject({ type: 'NoSuchDevice' });
});

test('a request for no device is refused', async () => {
  await expect(allocator().acquire('a', 0)).rejects.toMatchObject({ type: 'InvalidRequest' });
});

test('leases and epochs survive a restart', async () => {
  const first = await allocator().acquire('a', 2);
  const again = allocator();
  expect(await again.acquire('a', 2)).toEqual(first);
  await again.releaseLease(first);
  const next = await allocator().acquire('b');
  expect(next.devices[0]).toMatchObject({ deviceId: 'h.cpu0', epoch: 2, liveEpochs: [2] });
});

test('release needs only the id of the request, is idempotent, and frees nobody else', async () => {
  const { acquire, releaseLease } = allocator();
  await acquire('a');
  await acquire('b');
  const unseen = { leaseId: 'a', pool: 'default', team: 't', expiresAt: 0, devices: [] };
  await releaseLease(unseen);
  await releaseLease(unseen);
  await acquire('c');
  await expect(acquire('d')).rejects.toMatchObject({ type: 'NoDeviceFree' });
});

test('the lease of a workflow that has closed is taken back', async () => {
  await allocator().acquire('a', 2);
  const lease = await allocator({ open: (workflowId) => workflowId !== 'w-a' }).acquire('b', 2);
  expect(lease.devices.map(({ epoch }) => epoch)).toEqual([2, 2]);
});

test('an idle lease expires; one whose device works does not', async () => {
  const { acquire, paths } = allocator();
  await acquire('idle');
  await acquire('working');
  await markDeviceActive(paths, 'h.cpu1', new Date(start + leaseLifeMs - 1_000));
  const later = allocator({ now: start + leaseLifeMs + 1 });
  expect((await later.acquire('next')).devices[0]?.deviceId).toBe('h.cpu0');
  await expect(later.acquire('one more')).rejects.toMatchObject({ type: 'NoDeviceFree' });
});
