import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { expect, test } from 'vitest';
import { convertFailure } from '../../../workers/failureConversion.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

test("Berth's errors keep their type, message and details, and say whether to retry", () => {
  const failure = convertFailure(berthError('AccuracyGateFailed', 'too far', { mean: 0.5 }));
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({
    type: 'AccuracyGateFailed',
    message: 'too far',
    nonRetryable: true,
    details: [{ mean: 0.5 }],
  });
});

test('waiting for a device is benign and asked again soon', () => {
  expect(convertFailure(berthError('NoDeviceFree', 'all lent'))).toMatchObject({
    type: 'NoDeviceFree',
    nonRetryable: false,
    nextRetryDelay: 1_000,
    category: ApplicationFailureCategory.BENIGN,
  });
});

test.each(['ENOSPC', 'EDQUOT'])('%s becomes OutOfSpace and names the file', (code) => {
  const error = Object.assign(new Error(`${code}: no space`), { code, path: '/store/blob' });
  expect(convertFailure(error)).toMatchObject({
    type: 'OutOfSpace',
    nonRetryable: true,
    message: '/store/blob: no space left on its file system; free some and retry',
  });
});

test('anything else stays as it is', () => {
  const error = new Error('unforeseen');
  expect(convertFailure(error)).toBe(error);
  expect(convertFailure(undefined)).toBeUndefined();
});
