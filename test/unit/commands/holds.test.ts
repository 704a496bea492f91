import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHoldStore } from '../../../workers/commands/holdRecord.ts';
import { createHolds, type HoldsDeps } from '../../../workers/commands/holds.ts';
import { folderForTest } from '../../support/modelFolder.ts';

const logger = pino({ level: 'silent' });
const record = { pool: 'default', requestId: 'run-1' };

/** Holds of one supervisor after the other over the same folder. */
async function host() {
  const records = join(await folderForTest(), 'holds');
  const start = (changes: Partial<HoldsDeps> = {}) => {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const finish = vi.fn(async () => undefined);
    const store = createHoldStore(records, logger);
    const commandsEnded = async () => undefined;
    const base = { store, commandsEnded, finish, stopped: stop.signal, logger };
    return { holds: createHolds({ ...base, ...changes }), finish, stop: () => stop.abort() };
  };
  return { start, files: () => readdir(records).catch(() => []) };
}

test('a runner that is gone without a word has its hold ended, once', async () => {
  const { start, files } = await host();
  const { holds, finish } = start();
  const connection = {};
  await holds.keep(record, connection);
  expect(await files()).toEqual(['run-1.json']);
  holds.lost(connection);
  holds.lost(connection);
  await vi.waitFor(async () => expect(await files()).toEqual([]));
  expect(finish).toHaveBeenCalledExactlyOnceWith(record);
});

test('one that said so has not', async () => {
  const { start, files } = await host();
  const { holds, finish } = start();
  const connection = {};
  await holds.keep(record, connection);
  await holds.done(record.requestId);
  holds.lost(connection);
  expect(await files()).toEqual([]);
  expect(finish).not.toHaveBeenCalled();
});

test('one that has connected anew keeps its place', async () => {
  const { start, files } = await host();
  const { holds, finish } = start();
  const [earlier, later] = [{}, {}];
  await holds.keep(record, earlier);
  await holds.keep(record, later);
  holds.lost(earlier);
  expect(await files()).toEqual(['run-1.json']);
  expect(finish).not.toHaveBeenCalled();
});

test('a server that is away is told later, and not at all when the runner is back before', async () => {
  const { start } = await host();
  let away = true;
  const tried: string[] = [];
  const finish = async ({ requestId }: { requestId: string }) => {
    tried.push(requestId);
    if (away) throw new Error('no server');
  };
  const { holds } = start({ finish });
  const [first, second, again] = [{}, {}, {}];
  await holds.keep(record, first);
  await holds.keep({ ...record, requestId: 'run-2' }, second);
  holds.lost(first);
  holds.lost(second);
  await vi.waitFor(() => expect(tried).toEqual(expect.arrayContaining(['run-1', 'run-2'])));
  await holds.keep({ ...record, requestId: 'run-2' }, again);
  away = false;
  const before = tried.length;
  await vi.waitFor(() => expect(tried.length).toBeGreaterThan(before));
  expect(tried.slice(before)).toEqual(['run-1']);
});

test('its command comes first: that one tells what it cleared', async () => {
  const { start } = await host();
  let ended: () => void = () => undefined;
  const untilEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const asked = vi.fn(() => untilEnded);
  const { holds, finish } = start({ commandsEnded: asked });
  const connection = {};
  await holds.keep(record, connection);
  holds.lost(connection);
  expect(asked).toHaveBeenCalledExactlyOnceWith('run-1');
  expect(finish).not.toHaveBeenCalled();
  ended();
  await vi.waitFor(() => expect(finish).toHaveBeenCalledOnce());
});

test('after a restart, runners that do not come back are gone', async () => {
  const { start, files } = await host();
  const first = start();
  const connections = [{}, {}];
  await first.holds.keep(record, connections[0]!);
  await first.holds.keep({ ...record, requestId: 'run-2' }, connections[1]!);
  // The connections close because the supervisor goes.
  first.holds.close();
  for (const connection of connections) first.holds.lost(connection);
  first.stop();
  const { holds, finish } = start({ resumeMs: 300 });
  await holds.reload();
  await holds.keep({ ...record, requestId: 'run-2' }, {});
  await vi.waitFor(() => expect(finish).toHaveBeenCalled());
  expect(finish).toHaveBeenCalledExactlyOnceWith(record);
  await vi.waitFor(async () => expect(await files()).toEqual(['run-2.json']));
  expect(first.finish).not.toHaveBeenCalled();
});

test('an id that is a path is refused', async () => {
  const { start } = await host();
  const { holds } = start();
  await expect(holds.keep({ ...record, requestId: '../x' }, {})).rejects.toMatchObject({
    type: 'InvalidRequest',
  });
});
