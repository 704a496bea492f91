import { expect, test, vi } from 'vitest';
import type { HoldClient } from '../../../workers/commands/runner/holdClient.ts';
import { waitForLease } from '../../../workers/commands/runner/waitForLease.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Explanation } from '../../../workflows/contracts/pool/description.ts';
import type { HoldLeaseState } from '../../../workflows/contracts/pool/hold.ts';
import { leaseOf } from '../../support/deviceRig.ts';

const lease = leaseOf(1);
const waiting: HoldLeaseState = {
  phase: 'waiting',
  lease: null,
  revoke: null,
  refused: null,
  grants: 0,
};

/** A hold that is granted at its `grantedAt`th look. */
function holdOf(grantedAt: number, explain: HoldClient['explain']) {
  let looks = 0;
  const state = async (): Promise<HoldLeaseState> => {
    looks += 1;
    return looks < grantedAt ? waiting : { ...waiting, phase: 'held', lease, grants: 1 };
  };
  const hold: Partial<HoldClient> = { state, explain };
  return hold as HoldClient;
}

const options = {
  before: [],
  noWait: false,
  onWaiting: () => undefined,
  signal: new AbortController().signal,
};

test('a pool that takes for ever to explain keeps nobody from seeing the grant', async () => {
  const explain = vi.fn(() => new Promise<undefined>(() => undefined));
  expect(await waitForLease(holdOf(7, explain), options)).toBe(lease);
  expect(explain).toHaveBeenCalledOnce();
});

test('who is granted at once asks for no explanation', async () => {
  const explain = vi.fn(async () => undefined);
  expect(await waitForLease(holdOf(3, explain), options)).toBe(lease);
  expect(explain).not.toHaveBeenCalled();
});

test('a stack that restarts meanwhile costs no place; one that is gone ends the wait', async () => {
  const gone = () => Promise.reject(berthError('StackUnavailable', 'no stack'));
  const hold = holdOf(1, async () => undefined);
  let times = 0;
  const restarting = { ...hold, state: () => (++times < 3 ? gone() : hold.state()) };
  expect(await waitForLease(restarting, options)).toBe(lease);
  const ended = waitForLease({ ...hold, state: gone }, { ...options, patienceMs: 0 });
  await expect(ended).rejects.toMatchObject({ type: 'StackUnavailable' });
});

test('who will not wait is told why there would be a wait', async () => {
  const explanation = { state: 'waiting', reasons: [{ token: 'busy' }], text: 'all are lent' };
  const explain = async () => explanation as unknown as Explanation;
  await expect(
    waitForLease(holdOf(100, explain), { ...options, noWait: true }),
  ).rejects.toMatchObject({
    type: 'NoDeviceFree',
    message: expect.stringContaining('all are lent'),
  });
});
