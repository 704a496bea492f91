import { expect, test } from 'vitest';
import { drainDevices } from '../../../workflows/scheduling/events/drainDevices.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { submitRequest } from '../../../workflows/scheduling/events/submitRequest.ts';
import { initialState } from '../../../workflows/scheduling/initialState.ts';
import { leaseOf } from '../../../workflows/scheduling/leaseOf.ts';
import {
  type RecordedMessage,
  recordedState,
} from '../../../workflows/scheduling/recorded/recordedState.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { Decision, PoolState } from '../../../workflows/scheduling/state.ts';
import { gpus, noon, poolWith, reportOf, requestOf } from '../../support/poolState.ts';

/** A pool that writes down what it hears and tells, as the history of its run does. */
function writingPool(state: PoolState) {
  const messages: RecordedMessage[] = [];
  let at = noon;
  const note = (kind: RecordedMessage['kind'], name: string, payload: unknown) =>
    messages.push({ at, kind, name, payload });
  return {
    messages,
    state: () => state,
    hear<T>(name: string, payload: T, take: (s: PoolState, p: T, now: number) => object) {
      at += 1;
      note(name === 'drainDevice' ? 'updated' : 'heard', name, payload);
      const outcome = take(state, payload, at);
      state = ('state' in outcome ? outcome.state : outcome) as PoolState;
    },
    decide(later = 1) {
      at += later;
      const decision: Decision = schedule(state, at);
      state = decision.state;
      for (const expiry of decision.expiries) {
        note('told', 'leaseRevoked', { ...expiry, graceUntil: null });
      }
      for (const revocation of decision.revocations) note('told', 'leaseRevoked', revocation);
      for (const { leaseId, requestId } of decision.grants) {
        note('told', 'leaseGranted', { requestId, lease: leaseOf(state, leaseId) });
      }
    },
  };
}

const devices = gpus('h', 3);
const begin = () => poolWith([reportOf('h', devices)]);
const ids = (record: object) => Object.keys(record).sort();

test('leases, requests, what is cleared and what is drained come out as they were', () => {
  const pool = writingPool(begin());
  for (const [id, restartable] of [
    ['kept', false],
    ['given', false],
    ['moved', true],
    ['late', false],
  ] as const) {
    const request = requestOf(id, { cpuMilli: 2_000, hostMemoryMib: 1_000 }, { restartable });
    pool.hear('requestLease', request, submitRequest);
  }
  pool.decide();
  const [given] = pool.state().leases.given!.devices;
  const release = { leaseId: 'given', cleared: [given!] };
  pool.hear('releaseLease', release, releaseLease);
  pool.decide();
  const [moved] = pool.state().leases.moved!.devices;
  const drain = { target: moved!.deviceId, drain: true, revoke: true };
  pool.hear('drainDevice', drain, drainDevices);
  pool.decide();
  expect(pool.state().leases.moved?.revoking?.requeue).toBe(true);
  const noticed = recordedState(begin(), pool.messages);
  expect(noticed.leases).toEqual(pool.state().leases);
  pool.decide(pool.state().config.graceMs);

  const known = pool.state();
  expect([ids(known.leases), ids(known.waiting)]).toEqual([['kept', 'late'], ['moved']]);
  const told = recordedState(begin(), pool.messages);
  expect(told.leases).toEqual(known.leases);
  expect(ids(told.waiting)).toEqual(['moved']);
  expect(told.waiting.moved).toMatchObject({ grants: 1, requeuedFor: 'drained' });
  expect(told.devices).toEqual(known.devices);
  expect(told.totals).toEqual(known.totals);
  for (const [deviceId, epoch] of Object.entries(known.epochs)) {
    expect(told.epochs[deviceId]).toBeGreaterThan(epoch);
  }
});

test('a lease that no request explains keeps its devices from being lent', () => {
  const pool = writingPool(begin());
  pool.hear('requestLease', requestOf('one'), submitRequest);
  pool.decide();
  const told = recordedState(
    begin(),
    pool.messages.filter(({ kind }) => kind === 'told'),
  );
  expect(told.leases).toEqual({});
  const { deviceId, epoch } = pool.state().leases.one!.devices[0]!;
  expect(told.devices[deviceId]?.clearing).toMatchObject([{ leaseId: 'one', epoch, milli: 1_000 }]);
});

test('a message that nobody understands is passed over', () => {
  const odd = [null, undefined, 7, 'x', {}, { lease: null }].flatMap((payload): RecordedMessage[] =>
    ['leaseGranted', 'leaseRevoked', 'leaseRefused', 'nothing', 'toString'].map((name) => ({
      ...{ at: noon, kind: 'told', name, payload },
    })),
  );
  const told = recordedState(begin(), odd);
  expect({ ...told, tickAt: 0, dueAt: null }).toEqual(begin());
});

test('a pool that had heard nothing is an empty one', () => {
  expect(recordedState(initialState('test'), [])).toEqual(initialState('test'));
});

test('work under a lease that a new pool does not know keeps its device', () => {
  const [first, second] = devices;
  const working = [{ deviceId: first!.deviceId, epoch: 7 }];
  const report = reportOf('h', devices, { working, epochs: { [first!.deviceId]: 7 } });
  let state = poolWith([report]);
  state = submitRequest(state, requestOf('all', { devices: 3 }), noon).state;
  expect(schedule(state, noon).grants).toEqual([]);
  expect(state.devices[second!.deviceId]?.clearing).toEqual([]);
  const later = { ...report, sequence: 2, working: [] };
  expect(
    schedule(poolWith([report, later]), noon).state.devices[first!.deviceId]?.clearing,
  ).toHaveLength(1);
  state = releaseLease(state, { leaseId: 'unknown', cleared: working }, noon);
  expect(schedule(state, noon).grants).toHaveLength(1);
});
