import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { expect, test, vi } from 'vitest';
import type { Session } from '../../../workers/client/session.ts';
import { startHold } from '../../../workers/commands/runner/holdClient.ts';
import { holdLeaseWorkflowId } from '../../../workflows/contracts/pool/messages.ts';
import { holdInput } from '../../support/pool/holdInput.ts';

/** What a gRPC client throws when a server answers too late (code 4, DEADLINE_EXCEEDED). */
const tooLate = (): Error =>
  Object.assign(new Error('4 DEADLINE_EXCEEDED'), { code: 4, details: 'late', metadata: {} });

const input = holdInput('default');
const workflowId = holdLeaseWorkflowId('default', input.request.requestId);

/** A server that is scripted call by call. */
function sessionWith(start: () => Promise<{ firstExecutionRunId: string }>) {
  const describeTaskQueue = vi
    .fn(async () => ({ pollers: [{ identity: 'worker' }] }))
    .mockRejectedValueOnce(tooLate());
  const getHandle = () => ({ describe: async () => ({ runId: 'the first' }) });
  const client = { workflowService: { describeTaskQueue }, workflow: { start, getHandle } };
  const session: Partial<Session> = {
    client: client as never,
    hostId: 'h',
    namespace: 'berth',
    outage: async () => undefined,
  };
  return session as Session;
}

test('a busy server that answers too late is asked again', async () => {
  const start = vi
    .fn(async () => ({ firstExecutionRunId: 'the second' }))
    .mockRejectedValueOnce(tooLate());
  const { holder } = await startHold(sessionWith(start), input);
  expect(holder).toEqual({ workflowId, runId: 'the second' });
  expect(start).toHaveBeenCalledTimes(2);
});

test('one that has started the hold all the same is not asked for another', async () => {
  const start = vi
    .fn(() => Promise.reject(new WorkflowExecutionAlreadyStartedError('there', workflowId, 'hold')))
    .mockRejectedValueOnce(tooLate());
  const { holder } = await startHold(sessionWith(start), input);
  expect(holder).toEqual({ workflowId, runId: 'the first' });
});
