import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import {
  createManagedProcess,
  type ManagedProcess,
  type ManagedProcessSpec,
} from '../../../workers/supervisor/managedProcess.ts';
import { createStartGate } from '../../../workers/supervisor/startGate.ts';

const running: ManagedProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.stop(1_000)));
});

/** A child that runs `script` in Node and says over IPC that it serves. */
function manage(script: string, spec: Partial<ManagedProcessSpec> = {}) {
  const gate = createStartGate();
  const changes = new EventTarget();
  const written: string[] = [];
  const managed = createManagedProcess(
    {
      name: 'child',
      ipc: true,
      command: () => ({ file: process.execPath, args: ['-e', script], env: process.env }),
      whenReady: async (child, signal) => {
        await once(child, 'message', { signal });
      },
      ...spec,
    },
    {
      log: { write: (text) => written.push(text), close: async () => undefined },
      logger: pino({ level: 'silent' }),
      backoff: { initialMs: 1, maximumMs: 4, stableMs: 60_000 },
      onChange() {
        gate.check();
        changes.dispatchEvent(new Event('change'));
      },
    },
  );
  running.push(managed);
  managed.start();
  const until = async (condition: () => boolean) => {
    while (!condition()) await once(changes, 'change');
  };
  return { managed, gate, until, written };
}

const serve = 'process.send("ready"); setInterval(() => {}, 1000);';

test('a killed child is started again and its end is told', async () => {
  const { managed, gate, until } = manage(serve);
  await gate.whenRunning([managed]);
  const first = managed.state.pid ?? 0;
  process.kill(first, 'SIGKILL');
  await until(() => managed.state.phase === 'running' && managed.state.pid !== first);
  expect(managed.state).toMatchObject({ restarts: 1, lastExit: 'signal SIGKILL' });
});

test('stop lets a child end by itself', async () => {
  const { managed, gate } = manage(`process.on('SIGTERM', () => process.exit(7)); ${serve}`);
  await gate.whenRunning([managed]);
  await managed.stop(60_000);
  expect(managed.state).toMatchObject({ phase: 'stopped', pid: null, lastExit: 'code 7' });
});

test('stop kills a child that does not end within its grace', async () => {
  const { managed, gate } = manage(`process.on('SIGTERM', () => {}); ${serve}`);
  await gate.whenRunning([managed]);
  await managed.stop(50);
  expect(managed.state).toMatchObject({ phase: 'stopped', lastExit: 'signal SIGKILL' });
});

test('stop ends the wait before a restart', async () => {
  const { managed, until } = manage('process.exit(1)');
  await until(() => managed.state.restarts > 2);
  await managed.stop(1_000);
  expect(managed.state.phase).toBe('stopped');
});

test('a child that never serves fails the start, with its last line', async () => {
  const { managed, gate } = manage('console.error("no such key"); process.exit(3)');
  await expect(gate.whenRunning([managed])).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: 'child does not start (code 3): no such key; see berth logs child',
  });
});

test('a child whose readiness fails is killed and reported', async () => {
  const { managed, gate } = manage(serve, {
    whenReady: async () => {
      throw new Error('bound to the wrong cores');
    },
  });
  await expect(gate.whenRunning([managed])).rejects.toThrow('bound to the wrong cores');
});

test('a command that cannot be made counts as a failed start', async () => {
  const { managed, gate } = manage(serve, {
    command: () => {
      throw new Error('no interpreter');
    },
  });
  await expect(gate.whenRunning([managed])).rejects.toThrow('(not started): no interpreter');
});

test('output of both streams goes to the log', async () => {
  const { managed, gate, written } = manage(
    `console.log('to stdout'); console.error('to stderr'); process.on('SIGTERM', () => process.exit(0)); ${serve}`,
  );
  await gate.whenRunning([managed]);
  await managed.stop(60_000);
  expect(written.join('')).toContain('to stdout\n');
  expect(written.join('')).toContain('to stderr\n');
});
