import { expect, test } from 'vitest';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import type { RevokeMessage } from '../../../workflows/contracts/pool/messages.ts';
import { createHold } from '../../../workflows/leases/hold/hold.ts';
import type { Claim } from '../../../workflows/leases/leaseInbox.ts';

const lease = (leaseId: string): Lease => ({
  ...{ leaseId, pool: 'default', team: 'nlp', expiresAt: 0 },
  devices: [],
});
const revoke = (leaseId: string, changes: Partial<RevokeMessage>): RevokeMessage => ({
  ...{ requestId: 'r', leaseId, reason: 'preempted', message: 'for research' },
  ...{ graceUntil: 40_000, requeued: false, ...changes },
});
const newClaim = (): Claim => ({
  ...{ requestId: 'r', granted: [], revoked: {}, refused: null, onNews: () => {} },
});

test('counts the time that it waited and held, over several grants', () => {
  const claim = newClaim();
  const hold = createHold(claim, 0);
  claim.granted.push(lease('r'));
  hold.update(10_000);
  expect(hold.state()).toMatchObject({ phase: 'held', grants: 1, lease: { leaseId: 'r' } });
  claim.revoked.r = revoke('r', { requeued: true });
  hold.update(30_000);
  expect(hold.state()).toMatchObject({ phase: 'revoking', lease: { leaseId: 'r' } });
  claim.revoked.r = revoke('r', { requeued: true, graceUntil: null });
  hold.update(40_000);
  expect(hold.state()).toMatchObject({ phase: 'waiting', lease: null });
  expect(hold.isOver()).toBe(false);
  claim.granted.push(lease('r.2'));
  hold.update(45_000);
  hold.end(46_000);
  expect(hold.result('exit code 0')).toEqual({
    ...{ requestId: 'r', grants: 2, reason: 'exit code 0' },
    ...{ heldSeconds: 31, waitedSeconds: 15 },
  });
});

test('a lease that is taken back for good, or refused, is the end', () => {
  const taken = newClaim();
  const hold = createHold(taken, 0);
  taken.granted.push(lease('r'));
  hold.update(1_000);
  taken.revoked.r = revoke('r', { graceUntil: null });
  hold.update(2_000);
  expect([hold.isOver(), hold.state().lease]).toEqual([true, null]);
  const refused = newClaim();
  const never = createHold(refused, 0);
  refused.refused = { requestId: 'r', type: 'NoSuchDevice', message: 'no' };
  never.update(1_000);
  expect(never.isOver()).toBe(true);
  expect(never.state().refused).toEqual({ type: 'NoSuchDevice', message: 'no' });
});

test('a word about an earlier lease does not touch the one that is held', () => {
  const claim = newClaim();
  const hold = createHold(claim, 0);
  claim.granted.push(lease('r'));
  hold.update(1_000);
  claim.granted.push(lease('r.2'));
  hold.update(2_000);
  claim.revoked.r = revoke('r', { graceUntil: null });
  hold.update(3_000);
  expect(hold.state()).toMatchObject({ phase: 'held', lease: { leaseId: 'r.2' } });
});
