import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readBinding } from '../../../workers/devices/binding.ts';
import { allowedCores } from '../../../workers/devices/cpuTopology.ts';
import { processTree } from '../../../workers/supervisor/procfs.ts';

const core = String(allowedCores()[0]);

/** A Node process, with its threads, that starts a child of its own, all under taskset. */
async function boundTree() {
  const script =
    "require('child_process').spawn('sleep', ['60']).once('spawn', () => console.log('up'));";
  const process_ = spawn('taskset', ['-c', core, process.execPath, '-e', script]);
  await once(process_.stdout, 'data');
  return {
    pid: process_.pid ?? 0,
    end: async () => {
      for (const pid of processTree(process_.pid ?? 0).reverse()) process.kill(pid, 'SIGKILL');
      await once(process_, 'exit');
    },
  };
}

test('every thread of a process and of its children is looked at', async () => {
  const bound = await boundTree();
  try {
    const report = readBinding(bound.pid, core);
    expect(report).toMatchObject({ expected: core, actual: core, processes: 2, verified: true });
    expect(report.threads).toBeGreaterThan(5);
  } finally {
    await bound.end();
  }
});

test('one that may run elsewhere is not verified', async () => {
  const bound = await boundTree();
  try {
    expect(readBinding(bound.pid, '4095').verified).toBe(false);
  } finally {
    await bound.end();
  }
});

test('a process that has ended is not verified', () => {
  expect(readBinding(2 ** 22 + 1, null)).toMatchObject({ threads: 0, verified: false });
});
