import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  admitEpoch,
  createFence,
  openFence,
  retireEpoch,
} from '../../../activities/devices/fence.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import { folderForTest } from '../../support/modelFolder.ts';

const deviceId = 'h.cpu0';
const now = 1_000;

function lease(
  epoch: number,
  more: { live?: number[]; expiresAt?: number; device?: string } = {},
): Lease {
  const { live = [epoch], expiresAt = now + 1, device = deviceId } = more;
  return {
    leaseId: `l${epoch}`,
    pool: 'default',
    team: 'team',
    expiresAt,
    devices: [
      {
        deviceId: device,
        taskQueue: 'q',
        hostId: 'h',
        epoch,
        liveEpochs: live,
        milli: 1000,
        memoryMib: 0,
      },
    ],
  };
}

/** Each call is a worker that has just been started on the same disk. */
function fenceIn(folder: string) {
  return createFence({ path: join(folder, 'fence.json'), deviceId, now: () => now });
}

const fenced = expect.objectContaining({ type: 'LeaseFenced' });

test('a newer epoch shuts the older ones out, also after a restart', async () => {
  const folder = await folderForTest();
  await fenceIn(folder).admit(lease(3));
  await expect(fenceIn(folder).admit(lease(2))).rejects.toEqual(fenced);
  await fenceIn(folder).admit(lease(3));
  await fenceIn(folder).admit(lease(4));
  await expect(fenceIn(folder).admit(lease(3))).rejects.toEqual(fenced);
});

test('epochs that share the device are all let in', async () => {
  const fence = fenceIn(await folderForTest());
  await fence.admit(lease(7, { live: [5, 7] }));
  await fence.admit(lease(5));
  await expect(fence.admit(lease(6))).rejects.toEqual(fenced);
});

test('expiry shuts out a lease that never began, not one that is at work', async () => {
  const fence = fenceIn(await folderForTest());
  await expect(fence.admit(lease(1, { expiresAt: now }))).rejects.toThrow(
    /expired before it began/,
  );
  await fence.admit(lease(1));
  await fence.admit(lease(1, { expiresAt: now - 500 }));
});

test('a lease that was given back stays out, even if it never began', async () => {
  const folder = await folderForTest();
  await fenceIn(folder).admit(lease(1));
  await fenceIn(folder).retire(lease(1));
  await fenceIn(folder).retire(lease(1));
  await fenceIn(folder).retire(lease(2));
  await expect(fenceIn(folder).admit(lease(1))).rejects.toEqual(fenced);
  await expect(fenceIn(folder).admit(lease(2))).rejects.toEqual(fenced);
  await fenceIn(folder).admit(lease(3));
});

test('names what is wrong with a lease', async () => {
  const fence = fenceIn(await folderForTest());
  await expect(fence.admit(lease(1, { device: 'other' }))).rejects.toThrow(
    /does not name device h\.cpu0/,
  );
  await expect(fence.admit({ ...lease(1), devices: [{}] } as never)).rejects.toMatchObject({
    type: 'InvalidRequest',
  });
});

const step = fc.record({
  retire: fc.boolean(),
  epoch: fc.integer({ min: 1, max: 12 }),
  shared: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
  expired: fc.boolean(),
});

test('property: the highest epoch only grows, and what was retired or is not live is never let in', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let state = openFence;
      const retired = new Set<number>();
      for (const { retire, epoch, shared, expired } of steps) {
        const before = state;
        if (retire) {
          retired.add(epoch);
          state = retireEpoch(before, epoch);
        } else {
          const liveEpochs = shared.filter((other) => other <= epoch);
          const next = admitEpoch(before, { epoch, liveEpochs }, expired);
          const live = before.liveEpochs.includes(epoch);
          const fresh = epoch > before.highestEpoch && !expired && !retired.has(epoch);
          expect(next !== undefined).toBe(live || fresh);
          state = next ?? before;
          if (next !== undefined) expect(next.liveEpochs).toContain(epoch);
          // Who came first stays out unless the grant names it.
          if (fresh)
            expect(state.liveEpochs.filter((e) => e !== epoch && !liveEpochs.includes(e))).toEqual(
              [],
            );
        }
        expect(state.liveEpochs.filter((live) => retired.has(live))).toEqual([]);
        expect(state.highestEpoch).toBeGreaterThanOrEqual(before.highestEpoch);
      }
    }),
  );
});

test('an epoch that was retired while another lease was granted is not revived by that grant', async () => {
  const fence = fenceIn(await folderForTest());
  await fence.admit(lease(5));
  await fence.retireEpoch(5);
  await fence.retireEpoch(6);
  await fence.admit(lease(8, { live: [5, 6, 7, 8] }));
  await expect(fence.admit(lease(5))).rejects.toEqual(fenced);
  await expect(fence.admit(lease(6))).rejects.toEqual(fenced);
  await fence.admit(lease(7));
});

test('retiring a lease that never began leaves its neighbours alone', async () => {
  const fence = fenceIn(await folderForTest());
  await fence.admit(lease(3));
  await fence.retireEpoch(4);
  await fence.admit(lease(3));
  await expect(fence.admit(lease(4))).rejects.toEqual(fenced);
  await fence.retireEpoch(6);
  expect(await fence.state()).toMatchObject({
    highestEpoch: 4,
    liveEpochs: [3],
    retiredEpochs: [6],
  });
  await fence.retireEpoch(5);
  expect(await fence.state()).toMatchObject({
    highestEpoch: 6,
    liveEpochs: [3],
    retiredEpochs: [],
  });
});

test('reads the file of an earlier version', async () => {
  const folder = await folderForTest();
  await writeFile(join(folder, 'fence.json'), '{"highestEpoch":4,"liveEpochs":[4]}');
  await fenceIn(folder).admit(lease(4));
  await expect(fenceIn(folder).admit(lease(3))).rejects.toEqual(fenced);
});

test('property: a fence on disk decides as the pure one, with a restart before every step', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const folder = await folderForTest();
      let state = openFence;
      for (const { retire, epoch, expired } of steps) {
        const asked = lease(epoch, { expiresAt: expired ? now : now + 1 });
        if (retire) {
          await fenceIn(folder).retire(asked);
          state = retireEpoch(state, epoch);
          continue;
        }
        const next = admitEpoch(state, { epoch, liveEpochs: [epoch] }, expired);
        const admitted = await fenceIn(folder)
          .admit(asked)
          .then(() => true)
          .catch(() => false);
        expect(admitted).toBe(next !== undefined);
        state = next ?? state;
      }
    }),
    { numRuns: 30 },
  );
});
