import type { ActivateInput } from '@temporalio/workflow';
import { expect, test } from 'vitest';
import { createStaleClockGuard } from '../../../workflows/interceptors/staleClockGuard.ts';

type Jobs = NonNullable<ActivateInput['activation']['jobs']>;

/** Runs activations, each with the start of its workflow task; returns which were let through. */
function run(...activations: [nanos: number, jobs: Jobs][]): boolean[] {
  const { activate, concludeActivation } = createStaleClockGuard();
  return activations.map(([nanos, jobs]) => {
    let passed = false;
    try {
      activate?.({ activation: { timestamp: { nanos }, jobs }, batchIndex: 0 } as never, () => {
        passed = true;
      });
      concludeActivation?.({ commands: [] }, (input) => input);
    } catch {
      // The SDK evicts the run then, and replays it.
    }
    return passed;
  });
}

const signal: Jobs = [{ signalWorkflow: { signalName: 'requestLease' } }];
const query: Jobs = [{ queryWorkflow: { queryId: 'legacy_query' } }];

test('events come with the clock of a task of their own', () => {
  expect(run([1, signal], [2, signal], [3, [{ fireTimer: { seq: 1 } }]])).toEqual([
    true,
    true,
    true,
  ]);
});

test.each<[string, Jobs]>([
  ['a signal', signal],
  ['a timer', [{ fireTimer: { seq: 1 } }]],
  ['an activity', [{ resolveActivity: { seq: 1, result: { completed: {} } } }]],
  ['a child', [{ resolveChildWorkflowExecution: { seq: 1, result: { failed: {} } } }]],
  ['a signal to another run', [{ resolveSignalExternalWorkflow: { seq: 1 } }]],
])('%s with the clock of a task that is over is refused', (_, jobs) => {
  expect(run([1, signal], [1, jobs])).toEqual([true, false]);
  expect(run([1, signal], [1, query], [1, jobs])).toEqual([true, true, false]);
});

test('what the SDK makes itself within a task is let through', () => {
  const cancelled: Jobs = [{ resolveActivity: { seq: 1, result: { cancelled: {} } } }];
  expect(run([1, signal], [1, cancelled], [1, query])).toEqual([true, true, true]);
});
