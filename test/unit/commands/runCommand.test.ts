import { expect, test, vi } from 'vitest';
import type { HoldClient } from '../../../workers/commands/runner/holdClient.ts';
import { type RunCommandDeps, runCommand } from '../../../workers/commands/runner/runCommand.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { FinishHoldMessage, HoldLeaseState } from '../../../workflows/contracts/pool/hold.ts';
import { leaseOf } from '../../support/deviceRig.ts';

/** What becomes of a request whose lease is over before its command was started. */

const lost = { failure: berthError('LeaseFenced', 'the lease is over'), cleared: true };
const done = { exitCode: 0, revocation: null, cleared: true };
const revoke = {
  requestId: 'run-1',
  reason: 'host-lapsed',
  message: 'its host was silent',
  graceUntil: null,
} as const;

/** A hold of a lease of its own; `lostAs` is what it says once the runner has lost that. */
function holdOf(requestId: string, lostAs: Partial<HoldLeaseState> = {}) {
  const lease = { ...leaseOf(1), leaseId: requestId };
  const held: HoldLeaseState = { phase: 'held', lease, revoke: null, refused: null, grants: 1 };
  const states = [held, { ...held, ...lostAs }];
  const told: FinishHoldMessage[] = [];
  const hold: Partial<HoldClient> = {
    workflowId: `lease/default/${requestId}`,
    requestId,
    state: async () => (states.length > 1 ? states.shift() : states[0]) as HoldLeaseState,
    finish: async (message) => void told.push(message),
    result: async () => ({ reason: 'taken back: expired' }) as never,
    withdraw: vi.fn(async () => undefined),
  };
  return { hold: hold as HoldClient, told, held, states };
}

function begin(holds: HoldClient[], runOnce: RunCommandDeps['runOnce']) {
  const asked = vi.fn(async () => holds.shift() as HoldClient);
  const lines: string[] = [];
  const running = runCommand({
    ask: asked,
    noWait: false,
    onWaiting: () => undefined,
    onGranted: () => undefined,
    runOnce,
    notify: (line) => void lines.push(line),
    signal: new AbortController().signal,
    pauseMs: 1,
  });
  return { asked, lines, running };
}

const gone: Partial<HoldLeaseState> = {
  phase: 'ended',
  lease: null,
  revoke: { ...revoke, leaseId: 'run-1', requeued: false },
};

test('asks anew under another request, and the command runs as if for the first time', async () => {
  const first = holdOf('run-1', gone);
  const second = holdOf('run-2');
  const runOnce = vi.fn().mockResolvedValueOnce(lost).mockResolvedValueOnce(done);
  const { asked, lines, running } = begin([first.hold, second.hold], runOnce);
  const { runs, workflowId } = await running;
  expect(runs.map(({ leaseId }) => leaseId)).toEqual(['run-2']);
  expect(workflowId).toBe(second.hold.workflowId);
  expect(asked).toHaveBeenCalledTimes(2);
  expect(runOnce.mock.calls.map(([, , restarts]) => restarts)).toEqual([0, 0]);
  expect(first.told).toMatchObject([{ leaseId: 'run-1', again: false }]);
  expect(lines).toEqual(['the lease is over; asking for another lease']);
});

test('stays in the queue where the pool has queued it again itself', async () => {
  const first = holdOf('run-1', {
    phase: 'waiting',
    lease: null,
    revoke: { ...revoke, leaseId: 'run-1', requeued: true },
  });
  first.states.push({ ...first.held, lease: { ...leaseOf(1), leaseId: 'run-1.2' }, grants: 2 });
  const runOnce = vi.fn().mockResolvedValueOnce(lost).mockResolvedValueOnce(done);
  const { asked, running } = begin([first.hold], runOnce);
  expect((await running).runs).toMatchObject([{ leaseId: 'run-1.2' }]);
  expect(asked).toHaveBeenCalledOnce();
  expect(first.told[0]).toMatchObject({ leaseId: 'run-1', again: true });
});

test('a lease that was over before it was seen here is asked for anew, too', async () => {
  const first = holdOf('run-1');
  first.states.splice(0, 2, { ...first.held, ...gone });
  const { asked, running } = begin([first.hold, holdOf('run-2').hold], async () => done);
  expect((await running).runs).toMatchObject([{ leaseId: 'run-2' }]);
  expect(asked).toHaveBeenCalledTimes(2);
});

test('what another lease would not change is told at once', async () => {
  const first = holdOf('run-1');
  const failure = berthError('NoDeviceFree', 'the device takes no more clients');
  const { asked, running } = begin([first.hold], async () => ({ failure, cleared: false }));
  await expect(running).rejects.toBe(failure);
  expect(asked).toHaveBeenCalledOnce();
  expect(first.told).toMatchObject([{ leaseId: 'run-1', cleared: [] }]);
});

test('a supervisor that refuses every lease is not asked for ever', async () => {
  const holds = Array.from({ length: 20 }, (_, at) => holdOf(`run-${at}`, { phase: 'ended' }).hold);
  const { asked, running } = begin(holds, async () => lost);
  await expect(running).rejects.toBe(lost.failure);
  expect(asked).toHaveBeenCalledTimes(10);
});
