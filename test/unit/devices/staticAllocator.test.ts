import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AllocatorState,
  emptyState,
  grantLease,
  leaseLifeMs,
  reclaimLeases,
  releaseLease,
} from '../../../activities/devices/staticAllocator.ts';

const devices = ['a', 'b', 'c', 'd'].map((deviceId) => ({
  deviceId,
  taskQueue: `device.${deviceId}`,
}));
const holder = { workflowId: 'w', runId: 'r' };
const spec = (requestId: string, count = 1) => ({
  requestId,
  team: 't',
  devices: count,
  hostId: 'h',
});

function granted(state: AllocatorState, requestId: string, count = 1, now = 0) {
  const grant = grantLease(state, devices, spec(requestId, count), holder, now);
  if (grant.outcome !== 'granted') throw new Error(`expected a grant, got ${grant.outcome}`);
  return grant;
}

type Step =
  | { do: 'grant'; request: number; count: number }
  | { do: 'release'; request: number }
  | { do: 'reclaim'; closed: number[]; passMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('grant' as const),
    request: fc.nat(7),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ do: fc.constant('release' as const), request: fc.nat(7) }),
  fc.record({
    do: fc.constant('reclaim' as const),
    closed: fc.array(fc.nat(7), { maxLength: 2 }),
    passMs: fc.nat(leaseLifeMs * 2),
  }),
);

/** Runs the steps through a JSON round trip each, as restarts would, and looks after every one. */
function walk(steps: Step[], look: (before: AllocatorState, after: AllocatorState) => void) {
  let state = emptyState;
  let now = 0;
  for (const next of steps) {
    const before = state;
    if (next.do === 'grant') {
      const asked = spec(`r${next.request}`, next.count);
      const grant = grantLease(state, devices, asked, holder, now);
      if (grant.outcome === 'granted') state = grant.state;
    } else if (next.do === 'release') {
      state = releaseLease(state, `r${next.request}`);
    } else {
      now += next.passMs;
      const closed = new Set(next.closed.map((request) => `r${request}`));
      state = reclaimLeases(state, now, {}, ({ leaseId }) => closed.has(leaseId));
    }
    state = JSON.parse(JSON.stringify(state));
    look(before, state);
  }
}

const lentDevices = (state: AllocatorState) =>
  state.leases.flatMap((lease) => lease.devices.map(({ deviceId }) => deviceId));

test('a device is never in two leases', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      walk(steps, (_, state) => {
        const lent = lentDevices(state);
        expect(new Set(lent).size).toBe(lent.length);
      });
    }),
  );
});

test('epochs of a device only grow, and every new lease has one that was never used', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const used = new Set<string>();
      walk(steps, (before, after) => {
        for (const [deviceId, epoch] of Object.entries(before.epochs)) {
          expect(after.epochs[deviceId]).toBeGreaterThanOrEqual(epoch);
        }
        const known = new Set(before.leases.map(({ leaseId }) => leaseId));
        for (const lease of after.leases.filter(({ leaseId }) => !known.has(leaseId))) {
          for (const { deviceId, epoch } of lease.devices) {
            expect(used).not.toContain(`${deviceId}/${epoch}`);
            used.add(`${deviceId}/${epoch}`);
          }
        }
      });
    }),
  );
});

test('a gang is granted whole or not at all', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const wanted = new Map<string, number>();
      let state = emptyState;
      for (const next of steps) {
        if (next.do !== 'grant') continue;
        const asked = spec(`r${next.request}`, next.count);
        const grant = grantLease(state, devices, asked, holder, 0);
        if (grant.outcome !== 'granted') continue;
        if (grant.state !== state) wanted.set(asked.requestId, next.count);
        state = grant.state;
        expect(grant.lease.devices).toHaveLength(wanted.get(asked.requestId) ?? -1);
      }
    }),
  );
});

test('the same request gets the same lease, without a second grant', () => {
  const first = granted(emptyState, 'r1');
  const second = grantLease(first.state, devices, spec('r1'), holder, 5_000);
  expect(second).toEqual({ outcome: 'granted', state: first.state, lease: first.lease });
});

test('the first free devices are lent, in their order, and name their queue and epoch', () => {
  const one = granted(emptyState, 'r1');
  const two = granted(one.state, 'r2', 2);
  expect(two.lease.devices).toEqual([
    {
      deviceId: 'b',
      taskQueue: 'device.b',
      hostId: 'static',
      epoch: 1,
      liveEpochs: [1],
      milli: 1000,
      memoryMib: 0,
    },
    {
      deviceId: 'c',
      taskQueue: 'device.c',
      hostId: 'static',
      epoch: 1,
      liveEpochs: [1],
      milli: 1000,
      memoryMib: 0,
    },
  ]);
});

test('a released device is lent again under a higher epoch; releasing twice changes nothing', () => {
  const one = granted(emptyState, 'r1');
  const released = releaseLease(one.state, 'r1');
  expect(releaseLease(released, 'r1')).toEqual(released);
  expect(granted(released, 'r2').lease.devices[0]).toMatchObject({ deviceId: 'a', epoch: 2 });
});

test('too few free devices is busy, too few at all is impossible', () => {
  const three = granted(emptyState, 'r1', 3);
  expect(grantLease(three.state, devices, spec('r2', 2), holder, 0)).toEqual({
    outcome: 'busy',
    free: 1,
  });
  expect(grantLease(three.state, devices, spec('r2', 5), holder, 0)).toEqual({
    outcome: 'impossible',
    devices: 4,
  });
});

test('a lease expires 15 minutes after its grant, unless its device worked since', () => {
  const { state } = granted(emptyState, 'r1', 1, 1_000);
  const open = () => false;
  const expiry = 1_000 + leaseLifeMs;
  expect(reclaimLeases(state, expiry - 1, {}, open).leases).toHaveLength(1);
  expect(reclaimLeases(state, expiry, {}, open).leases).toHaveLength(0);
  const renewed = reclaimLeases(state, expiry, { a: 60_000 }, open);
  expect(renewed.leases[0]?.expiresAt).toBe(60_000 + leaseLifeMs);
});

test('work from before the grant does not renew it', () => {
  const { state } = granted(emptyState, 'r1', 1, 100_000);
  const [lease] = reclaimLeases(state, 100_000, { a: 99_999 }, () => false).leases;
  expect(lease?.expiresAt).toBe(100_000 + leaseLifeMs);
});
