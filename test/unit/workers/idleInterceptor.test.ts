import type { Context } from '@temporalio/activity';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createIdleInterceptor } from '../../../workers/devices/idleInterceptor.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const input: ActivityExecuteInput = { args: [], headers: {} };

function device(limitMs: number) {
  const endAll = vi.fn(async () => {});
  const intercept = createIdleInterceptor(endAll, limitMs);
  const execute = (activity: () => Promise<unknown>) =>
    intercept({} as Context).inbound!.execute!(input, activity);
  return { endAll, execute };
}

test('what is left on a device ends when nobody has used it for the limit', async () => {
  const { endAll, execute } = device(1000);
  await execute(async () => 'done');
  vi.advanceTimersByTime(999);
  expect(endAll).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(endAll).toHaveBeenCalledOnce();
});

test('an activity that outlasts the limit is left alone, also after one that failed', async () => {
  const { endAll, execute } = device(1000);
  await expect(execute(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  vi.advanceTimersByTime(900);
  await execute(async () => vi.advanceTimersByTime(5000));
  expect(endAll).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  expect(endAll).toHaveBeenCalledOnce();
});
