import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createCommandStore } from '../../../workers/commands/commandRecord.ts';
import { type CommandServer, listenForRunners } from '../../../workers/commands/commandServer.ts';
import { createCommands } from '../../../workers/commands/commands.ts';
import { createHoldStore } from '../../../workers/commands/holdRecord.ts';
import { createHolds } from '../../../workers/commands/holds.ts';
import { supervisorMessageSchema } from '../../../workers/commands/protocol.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { deviceId, leaseOf } from '../../support/deviceRig.ts';
import { folderForTest } from '../../support/modelFolder.ts';

const logger = pino({ level: 'silent' });

async function listening({ confirm = async () => 'nlp', devices = new Map() } = {}) {
  const folder = await folderForTest();
  const commands = createCommands({
    store: createCommandStore(join(folder, 'commands'), logger),
    runFolder: folder,
    devices,
    graceMs: 0,
    confirm,
    onBegin: () => undefined,
    onOrphaned: () => undefined,
    logger,
  });
  const stop = new AbortController();
  const finishHold = vi.fn(async () => undefined);
  const holds = createHolds({
    store: createHoldStore(join(folder, 'holds'), logger),
    commandsEnded: async () => undefined,
    finish: finishHold,
    stopped: stop.signal,
    logger,
  });
  const path = join(folder, 'run', 'commands.sock');
  const server = await listenForRunners(path, { commands, holds, graceMs: 0, logger });
  onTestFinished(async () => {
    stop.abort();
    await server.close();
  });
  return { ...server, finishHold };
}

function connect(server: Pick<CommandServer, 'path'>) {
  const socket = createConnection(server.path);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const lines = createInterface({ input: socket });
  const say = async (text: string): Promise<unknown> => {
    socket.write(`${text}\n`);
    const [line] = await once(lines, 'line');
    return supervisorMessageSchema.parse(JSON.parse(line));
  };
  return { socket, say };
}

/** Says one thing and hears the answer. */
const ask = (server: Pick<CommandServer, 'path'>, text: string): Promise<unknown> =>
  connect(server).say(text);

const prepare = (leaseId: string) =>
  JSON.stringify({
    type: 'prepare',
    lease: { ...leaseOf(1), leaseId },
    requestId: 'r',
    holder: { workflowId: 'w', runId: 'r' },
    label: 'test',
    trustDomain: 'nlp',
  });

test('only this user may connect', async () => {
  const server = await listening();
  expect((await stat(server.path)).mode & 0o777).toBe(0o600);
});

test.each([
  ['no JSON', '{', 'InvalidRequest', /not JSON/],
  ['an unknown message', '{"type":"begin"}', 'InvalidRequest', /type/],
  [
    'a malformed number',
    '{"type":"start","leaseId":"l","pgid":-1,"startTime":"1"}',
    'InvalidRequest',
    /pgid/,
  ],
  [
    'a start without prepare',
    '{"type":"start","leaseId":"l","pgid":1,"startTime":"1"}',
    'LeaseFenced',
    /no command runs/,
  ],
  ['an unknown lease', '{"type":"resume","leaseId":"l"}', 'LeaseFenced', /no command runs/],
  [
    'an unknown end',
    '{"type":"finished","leaseId":"l","exitCode":0}',
    'LeaseFenced',
    /no command runs/,
  ],
  ['a lease id that is a path', prepare('../../etc/passwd'), 'InvalidRequest', /lease id/],
  ['a device of another host', prepare('l'), 'NoSuchDevice', /not on this host/],
  ['a message without end', 'x'.repeat(1_100_000), 'InvalidRequest', /exceeds/],
])('%s is answered by a typed error in one line', async (_, text, failure, message) => {
  const server = await listening();
  expect(await ask(server, text)).toEqual({
    type: 'error',
    failure,
    message: expect.stringMatching(message),
  });
  // Others are served as before.
  expect(await ask(server, '{"type":"resume","leaseId":"l"}')).toMatchObject({ type: 'error' });
});

test('a lease that the pool does not hold is refused', async () => {
  const confirm = () =>
    Promise.reject(berthError('LeaseFenced', 'lease l: the pool does not hold it'));
  const server = await listening({ confirm, devices: new Map([[deviceId, {} as never]]) });
  expect(await ask(server, prepare('l'))).toMatchObject({ failure: 'LeaseFenced' });
});

const hold = '{"type":"hold","pool":"default","requestId":"run-1"}';

test('a runner that waits and is gone without a word has its hold ended', async () => {
  const server = await listening();
  const { socket, say } = connect(server);
  expect(await say(hold)).toEqual({ type: 'held' });
  socket.destroy();
  const record = { pool: 'default', requestId: 'run-1' };
  await vi.waitFor(() => expect(server.finishHold).toHaveBeenCalledExactlyOnceWith(record));
});

test('one that has ended its hold itself has not', async () => {
  const server = await listening();
  const { socket, say } = connect(server);
  await say(hold);
  expect(await say('{"type":"done","requestId":"run-1"}')).toEqual({ type: 'done' });
  socket.destroy();
  // The next runner is served after the end of the first was seen.
  const next = connect(server);
  await next.say('{"type":"hold","pool":"default","requestId":"run-2"}');
  next.socket.destroy();
  const record = { pool: 'default', requestId: 'run-2' };
  await vi.waitFor(() => expect(server.finishHold).toHaveBeenCalledExactlyOnceWith(record));
});
