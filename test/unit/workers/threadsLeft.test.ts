import { once } from 'node:events';
import { expect, test } from 'vitest';
import { endGroup, groupRuns } from '../../../workers/commands/runner/endGroup.ts';
import { identifyProcess, isAlive, listProcesses } from '../../../workers/supervisor/procfs.ts';
import { startSecondThread } from '../../support/processes/secondThread.ts';

test('a process whose first thread has ended lives until its other threads have', async () => {
  const child = await startSecondThread();
  const pid = child.pid ?? 0;
  const identity = identifyProcess(pid);
  if (identity === undefined) throw new Error('it has no identity');
  expect(isAlive(identity)).toBe(true);
  expect(listProcesses().map((process) => process.pid)).toContain(pid);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(isAlive(identity)).toBe(false);
});

test('the runner ends the group of a command whose first thread has ended', async () => {
  const child = await startSecondThread();
  const exited = once(child, 'exit');
  expect(groupRuns(child.pid ?? 0)).toBe(true);
  await endGroup(child.pid ?? 0, 100);
  expect(await exited).toEqual([null, 'SIGKILL']);
  expect(groupRuns(child.pid ?? 0)).toBe(false);
});
