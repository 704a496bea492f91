import { expect, test } from 'vitest';
import { type LeaseRequest, wholeDevices } from '../../../workflows/contracts/pool/requests.ts';
import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';
import { carry, unpack } from '../../../workflows/scheduling/carriedState.ts';
import { submitRequest } from '../../../workflows/scheduling/events/submitRequest.ts';
import { takeReport } from '../../../workflows/scheduling/events/takeReport.ts';
import { initialState } from '../../../workflows/scheduling/initialState.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { scriptedDevice } from '../../support/pool/scriptedHost.ts';

const now = Date.UTC(2026, 0, 1);
const uuid = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

/** A pool of 64 linked devices, all lent, with `waiting` requests of long names. */
function busyPool(waiting: number): PoolState {
  const names = Array.from({ length: 64 }, (_, index) => `h.gpu${index}`);
  const devices = names.map((name, index) => ({
    ...scriptedDevice('h', index, 'host.h'),
    links: Object.fromEntries(
      names.filter((other) => other !== name).map((other) => [other, 'NV18' as const]),
    ),
  }));
  let state = takeReport(
    initialState('default', { maxWaiting: 2_500 }),
    {
      ...{ hostId: 'h', generation: 'g', sequence: 1, devices, working: [], draining: false },
      ...{ cpuMilli: 128_000, memoryMib: 1_000_000 },
    },
    now,
  );
  for (let index = 0; index < 64 + waiting; index += 1) {
    const { request } = holdInput('default', {
      requestId: uuid(index),
      label: `python train.py --config configs/experiment-${index}.yaml --seed ${index}`,
      team: `research/language/person-${index % 40}`,
    });
    const holder = { workflowId: `lease/default/${uuid(index)}`, runId: uuid(index) };
    state = submitRequest(state, { ...request, holder }, now).state;
    if (index === 63) state = schedule(state, now).state;
  }
  return state;
}

const record = (index: number): UsageRecord => ({
  ...{ leaseId: uuid(index), requestId: uuid(index), pool: 'default', team: 'research/language' },
  ...{ label: 'python train.py', profileKey: null, priority: 0, expectedSeconds: null },
  ...{ submittedAt: now, grantedAt: now, endedAt: now, end: 'released' },
  devices: [{ deviceId: 'h.gpu1', hostId: 'h', model: 'H100', milli: 1000, memoryMib: 80_000 }],
  ...{ cpuMilli: 0, hostMemoryMib: 0 },
});

test('a state comes out of its packing as it went in', () => {
  const state = { ...busyPool(50), unrecorded: [record(1)], recent: [{ requestId: 'a', at: 1 }] };
  expect(Object.keys(state.leases)).toHaveLength(64);
  expect(Object.keys(state.waiting)).toHaveLength(50);
  const carried = JSON.parse(JSON.stringify(carry(state)));
  expect(unpack(carried)).toEqual(JSON.parse(JSON.stringify(state)));
});

test('the fullest queue fits into one payload, with what is not recorded yet', () => {
  const state = busyPool(2_500);
  const carried = carry({
    ...state,
    unrecorded: Array.from({ length: 6_000 }, (_, index) => record(index)),
    recent: Array.from({ length: 20_000 }, (_, index) => ({ requestId: uuid(index), at: now })),
  });
  expect(Buffer.byteLength(JSON.stringify(carried))).toBeLessThan(2_000_000);
  expect(carried.waiting).toHaveLength(2_500);
  // The newest are kept.
  expect(carried.unrecorded.length).toBeGreaterThan(100);
  expect(carried.unrecorded.at(-1)?.leaseId).toBe(uuid(5_999));
});

test.each<[string, Partial<LeaseRequest>]>([
  ['labels in Chinese', { label: '训'.repeat(200), profileKey: '练'.repeat(400) }],
  [
    'device ids',
    {
      resources: {
        ...wholeDevices(1),
        deviceIds: Array.from({ length: 64 }, (_, at) => `h.gpu${at}`),
      },
    },
  ],
])(
  'a queue of long %s is full before it fits into no payload',
  (_name, { resources, ...change }) => {
    let state = busyPool(0);
    let refusal: { type: string; message: string } | undefined;
    for (let index = 100; refusal === undefined && index < 2_600; index += 1) {
      const { request } = holdInput('default', { requestId: uuid(index), ...change });
      const holder = { workflowId: `lease/default/${uuid(index)}`, runId: uuid(index) };
      const wanted = { ...request, resources: { ...request.resources, ...resources }, holder };
      ({ state, refusal } = { refusal: undefined, ...submitRequest(state, wanted, now) });
    }
    expect(refusal).toMatchObject({
      type: 'PoolFull',
      message: expect.stringMatching(
        /^the requests of pool default are as long as it can remember/,
      ),
    });
    const unrecorded = Array.from({ length: 6_000 }, (_, index) => record(index));
    const carried = carry({ ...state, unrecorded });
    expect(Buffer.byteLength(JSON.stringify(carried))).toBeLessThan(2_000_000);
    expect(carried.unrecorded.length).toBeGreaterThan(100);
  },
);

test('what fits is all kept', () => {
  const unrecorded = Array.from({ length: 900 }, (_, index) => record(index));
  const recent = Array.from({ length: 5_000 }, (_, index) => ({ requestId: uuid(index), at: now }));
  const carried = carry({ ...busyPool(10), unrecorded, recent });
  expect(carried.unrecorded).toEqual(unrecorded);
  expect(carried.recent).toEqual(recent);
});
