import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { failure } from '../../../workflows/contracts/errors.ts';
import { leaseWasLost } from '../../../workflows/leases/leaseWasLost.ts';
import { retryLostLease } from '../../../workflows/leases/retryLostLease.ts';

const revoked = () => failure('LeaseRevoked', 'lease r was taken back (preempted): for research');

test('what the pool takes back is taken up again, however often', async () => {
  let attempts = 0;
  const work = async () => {
    attempts += 1;
    if (attempts <= 12) throw revoked();
    return 'done';
  };
  let lost = 0;
  const onLost = () => {
    lost += 1;
  };
  expect(await retryLostLease(work, { onLost })).toBe('done');
  expect([attempts, lost]).toEqual([13, 12]);
});

test('another failure is thrown on at once', async () => {
  const broken = failure('AccuracyGateFailed', 'too far off');
  let attempts = 0;
  const work = async () => {
    attempts += 1;
    throw broken;
  };
  await expect(retryLostLease(work, { onLost: () => {} })).rejects.toBe(broken);
  expect(attempts).toBe(1);
});

test('only a revocation of its own counts as a lost lease', () => {
  expect(leaseWasLost(revoked())).toBe(true);
  expect(leaseWasLost(failure('NoSuchDevice', 'none'))).toBe(false);
  expect(leaseWasLost(ApplicationFailure.create({ message: 'other' }))).toBe(false);
  expect(leaseWasLost(new Error('LeaseRevoked'))).toBe(false);
});
