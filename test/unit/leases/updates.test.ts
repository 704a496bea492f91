import { expect, test } from 'vitest';
import { configured } from '../../../workflows/leases/pool/updates.ts';
import { initialState } from '../../../workflows/scheduling/initialState.ts';

const state = initialState('test');

test.each<[object, RegExp]>([
  [{ hostLapseMs: 20_000 }, /hostLapseMs 20000: expected more than heartbeatMs 20000/],
  [{ leaseLifeMs: 10_000 }, /leaseLifeMs 10000: expected more than heartbeatMs 20000/],
  [{ maxWaiting: 0 }, /maxWaiting 0: expected a whole number from 1 to 2500/],
  [{ usageHalfLifeMs: 0 }, /usageHalfLifeMs 0: expected a whole number/],
  [{ speed: 1 }, /speed: expected one of heartbeatMs/],
])('the pool is not configured with %j', (changes, message) => {
  expect(() => configured(state, changes)).toThrow(message);
});

test('what may be 0 is', () => {
  expect(configured(state, { graceMs: 0, minRunMs: 0, maxMoves: 0 }).config).toMatchObject({
    ...{ graceMs: 0, minRunMs: 0, maxMoves: 0 },
  });
});
