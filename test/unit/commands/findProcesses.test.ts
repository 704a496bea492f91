import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ProcessGroup } from '../../../workers/commands/commandRecord.ts';
import { createProcessFinder } from '../../../workers/commands/findProcesses.ts';
import { listProcesses, readBootId, readStat } from '../../../workers/supervisor/procfs.ts';
import { folderForTest } from '../../support/modelFolder.ts';

/** A shell command as the leader of its own group; what it starts is killed after the test. */
async function start(command: string) {
  const leaseFile = join(await folderForTest(), 'lease.json');
  const env = { PATH: process.env.PATH, BERTH_LEASE: leaseFile };
  const child = spawn('sh', ['-c', command], { detached: true, stdio: 'ignore', env });
  const group = groupOf(child);
  const finder = (more: Partial<ProcessGroup> = {}) =>
    createProcessFinder(() => ({ group: { ...group, ...more }, cgroup: null, leaseFile }));
  onTestFinished(() => {
    for (const { pid } of finder().all()) process.kill(pid, 'SIGKILL');
  });
  return { child, group, finder, leaseFile };
}

function groupOf({ pid = 0 }: ChildProcess): ProcessGroup {
  const leader = readStat(pid);
  if (leader === undefined) throw new Error('no such process');
  const { startTime, session } = leader;
  return { pgid: pid, startTime, session, bootId: readBootId() };
}

const count = (found: unknown[], expected: number) => expect(found).toHaveLength(expected);

test('finds a group, and members whose leader is gone', async () => {
  const { child, finder, group } = await start('sleep 300 & sleep 300 & wait');
  await vi.waitFor(() => count(finder().near(), 3));
  process.kill(group.pgid, 'SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await vi.waitFor(() => count(finder().near(), 2));
});

test('takes a later group of the same number for none of its own', async () => {
  const { finder, group } = await start('exec sleep 300');
  await vi.waitFor(() => count(finder().near(), 1));
  expect(finder({ startTime: group.startTime - 1 }).near()).toEqual([]);
  expect(finder({ bootId: 'before' }).near()).toEqual([]);
});

test('finds who left group and session by the lease in its environment', async () => {
  const { finder } = await start('setsid sleep 300 & sleep 300');
  await vi.waitFor(() => count(finder().all(), 3));
});

test('does not lose sight of who left everything behind, once seen', async () => {
  const leave = `setsid sh -c 'exec env -i sleep 300'`;
  const { child, finder, group } = await start(`${leave} & exec sleep 300`);
  const watching = finder();
  await vi.waitFor(() => {
    const found = watching.near().map(({ pid }) => pid);
    count(found, 2);
    expect(
      listProcesses().filter((p) => found.includes(p.pid) && p.session === p.pid),
    ).toHaveLength(2);
  });
  process.kill(group.pgid, 'SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await vi.waitFor(() => count(watching.near(), 1));
  // Only for the one that has seen it.
  expect(finder().all()).toEqual([]);
  for (const { pid } of watching.near()) process.kill(pid, 'SIGKILL');
});
