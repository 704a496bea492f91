import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Command } from '../../../workers/commands/command.ts';
import { reportPath } from '../../../workers/commands/leaseFile.ts';
import { watchCommands } from '../../../workers/commands/watchCommands.ts';
import type { LatencyMessage } from '../../../workflows/contracts/pool/messages.ts';
import { folderForTest } from '../../support/modelFolder.ts';

async function watched(part: Partial<Command> = {}) {
  const leaseFile = join(await folderForTest(), 'lease.json');
  const command = {
    leaseId: 'l',
    record: { leaseFile, group: {} },
    ending: undefined,
    processes: { near: () => [{ pid: 1 }] },
    shares: { overuse: async () => [] },
    idle: vi.fn(),
    ...part,
  } as unknown as Command;
  const overuse = vi.fn(async () => {});
  const latency = vi.fn(async (_: Command, __: LatencyMessage) => {});
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  void watchCommands(
    {
      commands: { all: () => [command], end: vi.fn() },
      ...{ overuse, latency, everyMs: 5 },
      logger: pino({ level: 'silent' }),
    },
    stop.signal,
  );
  return { command, leaseFile, overuse, latency };
}

test('what a command measures of itself is passed on, once each time it is written', async () => {
  const { leaseFile, latency, command } = await watched();
  const report = reportPath(leaseFile);
  await writeFile(report, '{"p95Ms":');
  await writeFile(report, '{"p95Ms":12.5}');
  await utimes(report, 100, 100);
  await vi.waitFor(() =>
    expect(latency).toHaveBeenLastCalledWith(command, { leaseId: 'l', p95Ms: 12.5, at: 100_000 }),
  );
  await writeFile(report, '{"p95Ms":14}');
  await utimes(report, 200, 200);
  await vi.waitFor(() =>
    expect(latency).toHaveBeenLastCalledWith(command, { leaseId: 'l', p95Ms: 14, at: 200_000 }),
  );
  const last = latency.mock.calls.filter(([, { at }]) => at === 200_000);
  expect(last).toHaveLength(1);
});

test('a pipe in the place of the report is not waited for', async () => {
  const { leaseFile, latency, overuse } = await watched({
    shares: {
      overuse: async () => [{ deviceId: 'd', usedMib: 9 }],
    } as unknown as Command['shares'],
  });
  await execa('mkfifo', [reportPath(leaseFile)]);
  const before = overuse.mock.calls.length;
  await vi.waitFor(() => expect(overuse.mock.calls.length).toBeGreaterThan(before + 2));
  expect(latency).not.toHaveBeenCalled();
});

test('memory over the share counts when it is seen twice in a row', async () => {
  const samples = [50, 200, 50, 200, 210];
  const overuse = async () => {
    const usedMib = samples.shift() ?? 0;
    return usedMib > 100 ? [{ deviceId: 'd', usedMib }] : [];
  };
  const rig = await watched({ shares: { overuse } as never });
  await vi.waitFor(() => expect(samples).toEqual([]));
  await vi.waitFor(() =>
    expect(rig.overuse).toHaveBeenCalledExactlyOnceWith(rig.command, {
      leaseId: 'l',
      deviceId: 'd',
      usedMib: 210,
    }),
  );
});

test('a command without any process left does not count as work', async () => {
  const { command } = await watched({ processes: { near: () => [], all: () => [] } });
  await vi.waitFor(() => expect(command.idle).toHaveBeenCalled());
});
