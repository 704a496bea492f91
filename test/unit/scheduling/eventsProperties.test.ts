import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TeamsConfig } from '../../../workflows/contracts/pool/teams.ts';
import { describePool } from '../../../workflows/scheduling/describe.ts';
import { applyTeams } from '../../../workflows/scheduling/events/applyTeams.ts';
import { clearDevice } from '../../../workflows/scheduling/events/clearDevice.ts';
import { drainDevices } from '../../../workflows/scheduling/events/drainDevices.ts';
import { dropHolder } from '../../../workflows/scheduling/events/dropHolder.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { submitRequest } from '../../../workflows/scheduling/events/submitRequest.ts';
import { takeLatency } from '../../../workflows/scheduling/events/takeLatency.ts';
import { takeOveruse } from '../../../workflows/scheduling/events/takeOveruse.ts';
import { takeReport } from '../../../workflows/scheduling/events/takeReport.ts';
import { withdrawRequest } from '../../../workflows/scheduling/events/withdrawRequest.ts';
import { explain } from '../../../workflows/scheduling/explain/explain.ts';
import { hostView } from '../../../workflows/scheduling/hostView.ts';
import { initialState } from '../../../workflows/scheduling/initialState.ts';
import { leaseOf } from '../../../workflows/scheduling/leaseOf.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
import { whatIf } from '../../../workflows/scheduling/whatIf.ts';
import { gpus, noon, reportOf, requestOf, teamOf, teamsOf } from '../../support/poolState.ts';

/** What a message may hold in place of anything. */
const odd = fc.constantFrom<unknown>(
  null,
  undefined,
  '',
  '__proto__',
  'constructor',
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e300,
  [],
  {},
  true,
);
/** Few, so that messages meet. */
const host = fc.constantFrom('h1', 'h2');
const request = fc.constantFrom('r1', 'r2', 'r3', 'r4');
const device = fc.constantFrom('h1.gpu0', 'h1.gpu1', 'h2.gpu0');
const epoch = fc.integer({ min: 0, max: 3 });

/** A message of which, now and then, one field is nonsense, or all of it. */
const spoilt = <T extends object>(good: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 8, arbitrary: good },
    {
      weight: 2,
      arbitrary: fc.tuple(good, fc.nat(), odd).map(([message, at, value]) => {
        const keys = Object.keys(message);
        return { ...message, [keys[at % keys.length] ?? '']: value };
      }),
    },
    { weight: 1, arbitrary: odd as fc.Arbitrary<T> },
  );

const devicesOf = (hostId: string, count: number) => gpus(hostId, count, {}, 'NV4');
const report = fc
  .record({
    hostId: host,
    count: fc.integer({ min: 0, max: 3 }),
    generation: fc.constantFrom('a', 'b'),
    sequence: fc.nat(20),
    draining: fc.boolean(),
    working: fc.array(fc.record({ deviceId: device, epoch }), { maxLength: 3 }),
  })
  .map(({ hostId, count, ...change }) => reportOf(hostId, devicesOf(hostId, count), change));
const wish = fc
  .record({
    requestId: request,
    devices: fc.integer({ min: 1, max: 2 }),
    isFraction: fc.boolean(),
    preemptible: fc.boolean(),
    restartable: fc.boolean(),
    priority: fc.integer({ min: -2, max: 2 }),
    team: fc.constantFrom('default', 'nlp', 'nlp/ann'),
  })
  .map(({ requestId, devices, isFraction, ...change }) =>
    requestOf(requestId, isFraction ? { milli: 400, memoryMib: 9_000 } : { devices }, {
      ...change,
      expectedSeconds: 60,
    }),
  );
const cleared = fc.array(fc.record({ deviceId: device, epoch }), { maxLength: 3 });

type Step = (state: PoolState, now: number) => PoolState;
const step: fc.Arbitrary<Step> = fc.oneof(
  spoilt(report).map(
    (message): Step =>
      (state, now) =>
        takeReport(state, message, now),
  ),
  spoilt(wish).map(
    (message): Step =>
      (state, now) =>
        submitRequest(state, message, now).state,
  ),
  spoilt(fc.record({ leaseId: request, cleared })).map(
    (message): Step =>
      (state, now) =>
        releaseLease(state, message, now),
  ),
  spoilt(fc.record({ requestId: request })).map(
    (message): Step =>
      (state, now) =>
        withdrawRequest(state, message, now),
  ),
  spoilt(fc.record({ hostId: host, deviceId: device, epoch })).map(
    (message): Step =>
      (state, now) =>
        clearDevice(state, message, now),
  ),
  spoilt(request.map((id) => ({ holder: requestOf(id).holder }))).map(
    (message): Step =>
      (state, now) =>
        dropHolder(state, message, now),
  ),
  spoilt(fc.record({ leaseId: request, p95Ms: fc.nat(100), at: fc.constant(noon) })).map(
    (message): Step =>
      (state, now) =>
        takeLatency(state, message, now),
  ),
  spoilt(fc.record({ leaseId: request, deviceId: device, usedMib: fc.nat(60_000) })).map(
    (message): Step =>
      (state, now) =>
        takeOveruse(state, message, now),
  ),
  spoilt(
    fc.record({ target: fc.oneof(device, host), drain: fc.boolean(), revoke: fc.boolean() }),
  ).map(
    (message): Step =>
      (state, now) => {
        const outcome = drainDevices(state, message, now);
        return 'state' in outcome ? outcome.state : state;
      },
  ),
  spoilt(
    fc.constantFrom<TeamsConfig>(teamsOf({}), teamsOf({ nlp: teamOf({ limit: { milli: 1000 } }) })),
  ).map(
    (message): Step =>
      (state, now) => {
        const outcome = applyTeams(state, message, now);
        return 'state' in outcome ? outcome.state : state;
      },
  ),
  fc.constant<Step>((state, now) => schedule(state, now).state),
  fc.constant<Step>((state, now) => schedule(state, now).state),
);

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}

describe('any messages in any order', () => {
  it('neither throw, nor change what they are given, nor leave anything but plain JSON', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, fc.nat(40_000)), { minLength: 1, maxLength: 40 }),
        (steps) => {
          let state = deepFreeze(initialState('test'));
          let now = noon;
          for (const [take, later] of steps) {
            now += later;
            state = deepFreeze(take(state, now));
          }
          expect(JSON.parse(JSON.stringify(state))).toEqual(state);
          for (const { devices } of Object.values(state.leases)) {
            for (const held of devices) expect(state.devices[held.deviceId]).toBeDefined();
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('leave a pool that answers every question', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, fc.nat(20_000)), { minLength: 10, maxLength: 40 }),
        (steps) => {
          let state = initialState('test');
          let now = noon;
          for (const [take, later] of steps) {
            now += later;
            state = take(state, now);
          }
          deepFreeze(state);
          const answers = [
            describePool(state, now),
            hostView(state, 'h1', now),
            ...Object.keys(state.leases).map((id) => leaseOf(state, id)),
            ...['r1', 'r2', 'r3', 'r4'].map((id) => explain(state, id, now)),
            whatIf(state, { release: ['r1'], undrain: ['h1'], requestId: 'r2' }, now),
          ];
          for (const answer of answers) {
            expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
          }
          for (const id of Object.keys(state.waiting)) {
            const { reasons, estimatedStart, text } = explain(state, id, now);
            // Who waits without any reason would leave a person at a loss.
            const isOver = estimatedStart === now || text.includes('is refused in a moment');
            expect(reasons.length > 0 || isOver, text).toBe(true);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
