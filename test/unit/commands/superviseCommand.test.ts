import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { RunnerMessage, SupervisorMessage } from '../../../workers/commands/protocol.ts';
import {
  type CommandEnd,
  superviseCommand,
} from '../../../workers/commands/runner/superviseCommand.ts';
import { connectSupervisor } from '../../../workers/commands/runner/supervisorLink.ts';
import {
  type ScriptedSupervisor,
  startScriptedSupervisor,
} from '../../support/commands/scriptedSupervisor.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** What the runner does while a command runs, against a scripted supervisor on a real socket. */

const folder = temporaryFolder('supervise');
let sockets = 0;
let supervisor: ScriptedSupervisor;
afterEach(() => supervisor.goAway());

const agreeable = (message: RunnerMessage): SupervisorMessage =>
  message.type === 'finished' ? { type: 'cleared' } : { type: 'started' };

interface Scene {
  answer?: (message: RunnerMessage) => SupervisorMessage;
  /** Milliseconds from the loss of the supervisor until the lease ends. */
  lifeMs?: number;
  leaseIsOver?: () => Promise<boolean>;
}

/** A command that runs until `exit` is called or its group is ended (143). */
async function begin({ answer = agreeable, lifeMs = 3_600_000, leaseIsOver }: Scene = {}) {
  const path = join(folder, `${++sockets}.sock`);
  supervisor = await startScriptedSupervisor(path, answer);
  let exit: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => {
    exit = resolve;
  });
  const lines: string[] = [];
  const seen: { text: string; resolve(): void }[] = [];
  const end: Promise<CommandEnd> = superviseCommand({
    leaseId: 'run-1',
    link: await connectSupervisor(path),
    command: { pgid: 1, exited },
    connect: () => connectSupervisor(path),
    leaseIsOver: leaseIsOver ?? (async () => false),
    expiresAt: async () => Date.now() + lifeMs,
    endGroup: async () => exit(143),
    times: { retryMs: 20, finishPatienceMs: 200 },
    notify(line) {
      lines.push(line);
      for (const one of seen) if (line.includes(one.text)) one.resolve();
    },
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve) => seen.push({ text, resolve }));
  return { exit, end, lines, says };
}

describe('a command under a lease', () => {
  test('ends by itself, and its devices are cleared', async () => {
    const { exit, end, lines } = await begin();
    exit(7);
    expect(await end).toEqual({ exitCode: 7, revocation: null, cleared: true });
    expect(supervisor.heard).toEqual(['finished']);
    expect(lines).toEqual([]);
  });

  test('is told why its lease is taken back, once for the notice and once for the kill', async () => {
    const { exit, end, lines, says } = await begin();
    const why = { reason: 'preempted', message: 'team b needs its place' };
    const killed = says('was killed');
    supervisor.say({ type: 'revoking', ...why, graceUntil: Date.UTC(2026, 0, 1) });
    supervisor.say({ type: 'killed', ...why });
    await killed;
    exit(137);
    expect(await end).toEqual({ exitCode: 137, revocation: why, cleared: true });
    expect(lines).toEqual([
      expect.stringMatching(
        /^team b needs its place; the command has until \d\d:\d\d:\d\d to end$/,
      ),
      'the command was killed: team b needs its place',
    ]);
  });

  test('runs on while its supervisor restarts, and is taken up again', async () => {
    const { exit, end, says } = await begin();
    const away = says('supervisor is away');
    await supervisor.goAway();
    await away;
    const back = says('supervisor is back');
    await supervisor.comeBack();
    await back;
    exit(0);
    expect(await end).toEqual({ exitCode: 0, revocation: null, cleared: true });
    expect(supervisor.heard).toEqual(['resume', 'finished']);
  });

  test('that ends while its supervisor is away is reported to the next one', async () => {
    const { exit, end, says } = await begin();
    const away = says('supervisor is away');
    await supervisor.goAway();
    await away;
    exit(3);
    await supervisor.comeBack();
    expect(await end).toEqual({ exitCode: 3, revocation: null, cleared: true });
    expect(supervisor.heard).toEqual(['resume', 'finished']);
  });

  test('is ended when its supervisor is away past the end of the lease', async () => {
    const { end, lines } = await begin({ lifeMs: 0 });
    await supervisor.goAway();
    const { exitCode, revocation, cleared } = await end;
    expect({ exitCode, cleared }).toEqual({ exitCode: 143, cleared: false });
    expect(revocation?.reason).toBe('expired');
    expect(lines.at(-1)).toContain('the lease has expired');
    await supervisor.comeBack();
  });

  test('does not outlive its lease for a pool that does not answer', async () => {
    let asked = () => {};
    const whenAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const never = (): Promise<boolean> => {
      asked();
      return new Promise(() => undefined);
    };
    const { end } = await begin({ lifeMs: 1_000, leaseIsOver: never });
    await supervisor.goAway();
    await whenAsked;
    expect(await end).toMatchObject({ exitCode: 143, revocation: { reason: 'expired' } });
    await supervisor.goAway();
    const other = await begin({ leaseIsOver: never });
    const asking = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await supervisor.goAway();
    await asking;
    other.exit(4);
    expect(await other.end).toMatchObject({ exitCode: 4, revocation: null, cleared: false });
  });

  test('is ended when the pool has taken the lease back meanwhile', async () => {
    const { end } = await begin({ leaseIsOver: async () => true });
    await supervisor.goAway();
    expect((await end).revocation?.message).toBe('the pool has taken the lease back');
    await supervisor.comeBack();
  });

  test('is ended when the next supervisor does not know its lease', async () => {
    const { end, says } = await begin({
      answer: () => ({ type: 'error', failure: 'LeaseFenced', message: 'no such command' }),
    });
    const away = says('supervisor is away');
    await supervisor.goAway();
    await away;
    await supervisor.comeBack();
    const ended = await end;
    expect(ended).toEqual({
      exitCode: 143,
      revocation: { reason: 'expired', message: 'no such command' },
      cleared: false,
    });
  });
});

describe('the connection', () => {
  test('to nobody is StackUnavailable', async () => {
    await begin().then(({ exit, end }) => {
      exit(0);
      return end;
    });
    await expect(connectSupervisor(join(folder, 'nobody.sock'))).rejects.toMatchObject({
      type: 'StackUnavailable',
    });
  });

  test('passes failures on, with their type', async () => {
    const { exit, end } = await begin({
      answer: (message) =>
        message.type === 'prepare'
          ? agreeable(message)
          : { type: 'error', failure: 'NoDeviceFree', message: 'too many clients' },
    });
    const link = await connectSupervisor(join(folder, `${sockets}.sock`));
    await expect(link.ask({ type: 'resume', leaseId: 'run-1' }, 'started')).rejects.toMatchObject({
      type: 'NoDeviceFree',
      message: 'too many clients',
    });
    link.close();
    exit(0);
    expect((await end).cleared).toBe(false);
  });
});
