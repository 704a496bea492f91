import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeadlines } from '../../../workers/pool/deadlines.ts';
import type { HostLease, HostView } from '../../../workflows/contracts/pool/messages.ts';

const lifeMs = 1_000;
/** The pool's clock is far from this host's monotonic one. */
const wall = 1_700_000_000_000;
const epoch = { deviceId: 'd', epoch: 1 };

function lease(part: Partial<HostLease> = {}): HostLease {
  return {
    leaseId: 'l',
    requestId: 'l',
    team: 'nlp',
    trustDomain: 'nlp',
    holder: { workflowId: 'w', runId: 'r' },
    lifeMs,
    expiresAt: wall + lifeMs,
    revoking: null,
    latencyGoalMs: null,
    devices: [{ ...epoch, milli: 1000, memoryMib: 0 }],
    ...part,
  };
}

const view = (sequence: number, leases: HostLease[], generation = 'g'): HostView => ({
  ...{ pool: 'p', hostId: 'h', generation, sequence },
  leases,
  clearing: [],
});

/** A host at its time 0. */
function host() {
  let at = 0;
  const deadlines = createDeadlines({ generation: 'g', clock: () => at, now: () => wall + at });
  return {
    deadlines,
    at(ms: number) {
      at = ms;
      return deadlines;
    },
  };
}

const revoking = { reason: 'reclaimed' as const, message: '', graceUntil: wall };

test('a lease that is first seen lives from the view before, whatever the clocks say', () => {
  const { at } = host();
  at(100).look(view(0, []), 50);
  at(400).look(view(0, [lease({ expiresAt: wall + 10 * lifeMs })]), 300);
  expect(at(400).remaining('l')).toBe(50 + lifeMs - 400);
});

test('before any other view it lives as long as the pool says, but no longer than a lease does', () => {
  const { at } = host();
  at(0).look(view(0, [lease({ expiresAt: wall + 300 })]), 0);
  expect(at(100).remaining('l')).toBe(200);
  const other = host();
  other.at(0).look(view(0, [lease({ expiresAt: wall + 90_000 })]), 0);
  expect(other.at(0).remaining('l')).toBe(lifeMs);
});

test('a renewal counts from when the report was sent, once a view shows that it was taken in', () => {
  const { at } = host();
  at(0).look(view(0, [lease()]), 0);
  at(500).reporting(1, [epoch]);
  at(600).look(view(0, [lease()]), 550);
  expect(at(600).remaining('l')).toBe(400);
  at(700).look(view(1, [lease()]), 650);
  expect(at(700).remaining('l')).toBe(800);
});

test.each([
  ['the report did not name it', [{ deviceId: 'd', epoch: 2 }], view(1, [lease()])],
  ['the pool heard of another start of this host', [epoch], view(1, [lease()], 'before')],
  ['it is being revoked', [epoch], view(1, [lease({ revoking })])],
])('nothing is renewed when %s', (_, working, seen) => {
  const { at } = host();
  at(0).look(view(0, [lease()]), 0);
  at(500).reporting(1, working);
  at(600).look(seen, 550);
  expect(at(600).remaining('l')).toBe(400);
});

test('a lease is overdue once, and is not revived by a view that comes later', () => {
  const { at } = host();
  at(0).look(view(0, [lease()]), 0);
  at(500).reporting(1, [epoch]);
  expect(at(999).takeOverdue()).toEqual([]);
  expect(at(1_000).takeOverdue()).toMatchObject([{ leaseId: 'l', epochs: [epoch] }]);
  at(1_100).look(view(1, [lease()]), 1_050);
  expect(at(5_000).takeOverdue()).toEqual([]);
});

test('a lease that the pool no longer holds is over, unless the view was asked for too early', () => {
  const { at } = host();
  at(100).begin({ leaseId: 'l', epochs: [epoch], expiresAt: wall + 500 }, lifeMs);
  expect(at(110).look(view(0, []), 90)).toEqual([]);
  expect(at(130).look(view(0, []), 120)).toMatchObject([{ leaseId: 'l' }]);
  expect(at(130).remaining('l')).toBeUndefined();
});

test('after an outage a lease that is first seen is not judged by a view of long ago', () => {
  const { at } = host();
  at(0).look(view(0, []), 0);
  at(60_000).look(view(0, [lease({ expiresAt: wall + 60_000 + lifeMs })]), 60_000);
  expect(at(60_000).remaining('l')).toBe(lifeMs);
});

/** Steps of a host and a pool that talk over a slow line. */
const step = fc.record({
  after: fc.integer({ min: 1, max: 600 }),
  reportDelay: fc.integer({ min: 0, max: 500 }),
  lost: fc.boolean(),
});

test('property: the host never believes longer than the pool does', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const { at } = host();
      at(0).look(view(0, []), 0);
      let now = 1;
      let expiresAt = now + lifeMs;
      let taken = 0;
      /** Reports on their way, by arrival. */
      const underway: { arrives: number; sequence: number }[] = [];
      for (const [index, { after, reportDelay, lost }] of steps.entries()) {
        now += after;
        at(now).reporting(index + 1, [epoch]);
        if (!lost) underway.push({ arrives: now + reportDelay, sequence: index + 1 });
        for (const { arrives, sequence } of underway) {
          // As the pool does: an older report, or one for a lease that is over, changes nothing.
          if (arrives > now || sequence <= taken || arrives >= expiresAt) continue;
          taken = sequence;
          expiresAt = arrives + lifeMs;
        }
        if (now >= expiresAt) return;
        at(now).look(view(taken, [lease({ expiresAt: wall + expiresAt })]), now);
        const left = at(now).remaining('l') ?? 0;
        expect(now + left).toBeLessThanOrEqual(expiresAt);
      }
    }),
  );
});
