import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type CommandRecord, createCommandStore } from '../../../workers/commands/commandRecord.ts';
import { type CommandsDeps, createCommands } from '../../../workers/commands/commands.ts';
import { readBootId, readStat } from '../../../workers/supervisor/procfs.ts';
import type { HostLease } from '../../../workflows/contracts/pool/messages.ts';
import { deviceId, leaseOf } from '../../support/deviceRig.ts';
import { folderForTest } from '../../support/modelFolder.ts';

const logger = pino({ level: 'silent' });

/** A folder that a killed supervisor has left, with the record of a command that still runs. */
async function leftBehind(script = 'echo ready; exec sleep 300') {
  const folder = await folderForTest();
  const child = spawn('bash', ['--norc', '-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  onTestFinished(() => void child.kill('SIGKILL'));
  const { pid = 0 } = child;
  const leader = readStat(pid);
  const record: CommandRecord = {
    lease: { ...leaseOf(1), leaseId: 'l' },
    requestId: 'l',
    holder: { workflowId: 'w', runId: 'r' },
    label: 'sleep',
    trustDomain: 'nlp',
    leaseFile: join(folder, 'l.json'),
    cgroup: null,
    cores: {},
    group: {
      pgid: pid,
      startTime: leader?.startTime ?? 0,
      session: leader?.session ?? 0,
      bootId: readBootId(),
    },
    expiresAt: Date.now() + 60_000,
  };
  const records = join(folder, 'commands');
  const store = createCommandStore(records, logger);
  await store.save(record);
  const start = (part: Partial<CommandsDeps>) => {
    const onOrphaned = vi.fn();
    const commands = createCommands({
      ...{ store, runFolder: folder, devices: new Map(), graceMs: 1_000, logger },
      confirm: async () => 'nlp',
      onBegin: () => undefined,
      onOrphaned,
      ...part,
    });
    return { commands, onOrphaned };
  };
  return { child, record, records, store, start };
}

test('a command of an earlier supervisor counts as work, and ends when no runner comes back', async () => {
  const { child, record, records, start } = await leftBehind();
  const { commands, onOrphaned } = start({ resumeMs: 100 });
  await commands.reload();
  expect(commands.working()).toEqual([{ deviceId: record.lease.devices[0]?.deviceId, epoch: 1 }]);
  expect((await once(child, 'exit'))[1]).toBe('SIGTERM');
  await vi.waitFor(() => expect(onOrphaned).toHaveBeenCalledExactlyOnceWith(record));
  expect(commands.all()).toEqual([]);
  expect(await readdir(records)).toEqual([]);
});

test('the cores of a command of an earlier supervisor are taken up', async () => {
  const { record, records, start } = await leftBehind();
  const cores = { [deviceId]: '2-3' };
  await createCommandStore(records, logger).save({ ...record, cores });
  const adopt = vi.fn();
  const sharing = {
    kind: 'cpu',
    adopt,
    quiesce: async () => undefined,
    clear: async () => undefined,
  };
  const device = { record: { deviceId }, sharing, fence: { retireEpoch: async () => undefined } };
  const { commands } = start({ devices: new Map([[deviceId, device as never]]) });
  await commands.reload();
  const share = { leaseId: 'l', epoch: 1, milli: 1000, memoryMib: 0, trustDomain: 'nlp' };
  expect(adopt).toHaveBeenCalledExactlyOnceWith(device.record, share, { cores: '2-3' });
});

test('a command whose pool lends nothing here any more is ended at once', async () => {
  const { child, start } = await leftBehind();
  const { commands } = start({
    onBegin() {
      throw new Error('no such pool');
    },
  });
  await commands.reload();
  expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
  await vi.waitFor(() => expect(commands.all()).toEqual([]));
});

test('a process that has the number of one that ended is left alone', async () => {
  const { child, record, records, start } = await leftBehind();
  const group = record.group && { ...record.group, startTime: record.group.startTime - 5 };
  await createCommandStore(records, logger).save({ ...record, group });
  const { commands } = start({ resumeMs: 1 });
  await commands.reload();
  await vi.waitFor(() => expect(commands.hasEnded('l')).toBe(true));
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test('a record that cannot be removed keeps no command from being ended and forgotten', async () => {
  const { child, store, start } = await leftBehind();
  const remove = vi.fn().mockRejectedValue(new Error('EROFS: read-only file system'));
  const { commands, onOrphaned } = start({ resumeMs: 1, store: { ...store, remove } });
  await commands.reload();
  await once(child, 'exit');
  await vi.waitFor(() => expect(onOrphaned).toHaveBeenCalledOnce());
  expect(remove).toHaveBeenCalledOnce();
  expect(commands.all()).toEqual([]);
});

test('a lease that is over without notice leaves its command a moment to save its work', async () => {
  const { child, start } = await leftBehind();
  const { commands } = start({});
  await commands.reload();
  const [command] = commands.all();
  if (command === undefined) throw new Error('no command');
  const why = { reason: 'max-time', message: 'it has run for its 2 s' };
  const exit = once(child, 'exit');
  await commands.over(command, why);
  expect(await exit).toEqual([null, 'SIGTERM']);
  expect(command.ending).toEqual(why);
});

test('what the pool says of a lease with notice shortens no promised time', async () => {
  const { child, start } = await leftBehind(
    'trap "sleep 0.3; exit 5" TERM; echo ready; while :; do sleep 0.05; done',
  );
  const { commands } = start({});
  await commands.reload();
  const [command] = commands.all();
  if (command === undefined) throw new Error('no command');
  const exit = once(child, 'exit');
  const revoking = { reason: 'preempted', message: 'm', graceUntil: Date.now() + 1_000 } as const;
  commands.revoke({ leaseId: 'l', revoking } as HostLease);
  await vi.waitFor(() => expect(command.ending).toBeDefined());
  await commands.over(command, { reason: 'preempted', message: 'm' });
  expect(await exit).toEqual([5, null]);
});

test('notice is given by a host, too, whose clock is ahead of the pool’s', async () => {
  const { child, start } = await leftBehind();
  const { commands } = start({});
  await commands.reload();
  const message = 'a team wants its quota back';
  const revoking = { reason: 'preempted', message, graceUntil: Date.now() - 60_000 } as const;
  commands.revoke({ leaseId: 'l', revoking } as HostLease);
  expect((await once(child, 'exit'))[1]).toBe('SIGTERM');
  await vi.waitFor(() => expect(commands.all()).toEqual([]));
});
