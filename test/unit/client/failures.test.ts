import { ServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { toBerthError } from '../../../workers/client/failures.ts';
import { failure } from '../../../workflows/contracts/errors.ts';

const failed = (cause: Error) =>
  new WorkflowFailedError('Workflow execution failed', cause, 'TIMEOUT');

function inActivity(cause: Error): Error {
  return failed(
    new ActivityFailure(
      'Activity task failed',
      'sealShard',
      '7',
      'MAXIMUM_ATTEMPTS_REACHED',
      'worker',
      cause,
    ),
  );
}

const grpcError = (code: number, details: string) =>
  Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });

describe('toBerthError', () => {
  it('finds the innermost failure of ours, with its details', () => {
    const inner = failure('NonFiniteTensor', 'w.bias in a.safetensors holds NaN', { at: 3 });
    const error = toBerthError(inActivity(inner), 'job');
    expect(error).toMatchObject({
      type: 'NonFiniteTensor',
      message: 'w.bias in a.safetensors holds NaN',
      details: { at: 3 },
    });
  });

  it('prefers a cause of ours to what a workflow made of it', () => {
    const outer = ApplicationFailure.create({
      type: 'BridgeFailed',
      message: 'gave up',
      cause: failure('OutOfSpace', '/dev/shm is full'),
    });
    expect(toBerthError(failed(outer), 'job').type).toBe('OutOfSpace');
  });

  it('says what a cancelled backfill left', () => {
    const error = failed(new CancelledFailure('cancelled'));
    expect(toBerthError(error, 'backfill/docs').message).toMatch(
      /^backfill\/docs: cancelled; no alias was moved; .*in place stays/,
    );
    expect(toBerthError(error, 'ingest/m').message).toMatch(/nothing of it was published$/);
  });

  it.each([
    ['cancelled', failed(new CancelledFailure('cancelled')), 'JobCancelled', /^job: cancelled/],
    ['terminated', failed(new TerminatedFailure('gone')), 'JobCancelled', /^job: terminated/],
    [
      'unknown',
      new WorkflowNotFoundError('no', 'job', undefined),
      'InvalidRequest',
      /^job: no such job/,
    ],
    [
      'unreachable',
      new ServiceError('x', { cause: grpcError(14, 'no connection') }),
      'StackUnavailable',
      /^job: the Temporal server does not answer/,
    ],
    [
      'timed out',
      inActivity(new TimeoutFailure('timeout', undefined, 'HEARTBEAT')),
      'Unexpected',
      /^job: no worker finished it in time \(HEARTBEAT\)/,
    ],
    [
      'a bug',
      inActivity(ApplicationFailure.create({ type: 'TypeError', message: 'x is\nundefined' })),
      'Unexpected',
      /^job: x is; see berth logs$/,
    ],
  ])('describes a job that is %s', (_, thrown, type, message) => {
    const error = toBerthError(thrown, 'job');
    expect(error.type).toBe(type);
    expect(error.message).toMatch(message);
  });
});
