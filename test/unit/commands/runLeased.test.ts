import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { RunnerMessage, SupervisorMessage } from '../../../workers/commands/protocol.ts';
import type { HoldClient } from '../../../workers/commands/runner/holdClient.ts';
import { runLeased } from '../../../workers/commands/runner/runLeased.ts';
import { connectSupervisor } from '../../../workers/commands/runner/supervisorLink.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { HoldLeaseState } from '../../../workflows/contracts/pool/hold.ts';
import {
  type ScriptedSupervisor,
  startScriptedSupervisor,
} from '../../support/commands/scriptedSupervisor.ts';
import { leaseOf } from '../../support/deviceRig.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** From a lease to its command, on a scripted supervisor: the real launcher, a real process. */

const folder = temporaryFolder('leased');
const lease = { ...leaseOf(1), expiresAt: Date.now() + 3_600_000 };
const held: HoldLeaseState = { phase: 'held', lease, revoke: null, refused: null, grants: 1 };
let sockets = 0;
let supervisor: ScriptedSupervisor;
afterEach(() => supervisor.goAway());

const agree = ({ type }: RunnerMessage): SupervisorMessage => {
  if (type === 'finished') return { type: 'cleared' };
  if (type !== 'prepare') return { type: 'started' };
  const none = { cores: null, dataLimitBytes: null, cgroup: null };
  return { type: 'prepared', env: {}, leaseFile: join(folder, 'lease.json'), ...none };
};

async function begin(
  answer = agree,
  state: () => Promise<HoldLeaseState> = async () => held,
  lasts = lease,
) {
  const path = join(folder, `${++sockets}.sock`);
  supervisor = await startScriptedSupervisor(path, answer);
  const hold: Partial<HoldClient> = {
    requestId: 'run-1',
    holder: { workflowId: 'lease/default/run-1', runId: 'r' },
    state,
  };
  const lines: string[] = [];
  const interruption = new AbortController();
  const run = () =>
    runLeased(
      {
        hold: hold as HoldClient,
        label: 'test',
        trustDomain: 'team:default',
        argv: ['sh', '-c', 'exit 7'],
        env: process.env,
        python: 'python3',
        connect: () => connectSupervisor(path),
        graceMs: 1_000,
        dataLimitBytes: null,
        notify: (line) => void lines.push(line),
        onCommand: () => undefined,
        signal: interruption.signal,
        retryMs: 20,
      },
      lasts,
      0,
    );
  return { run, lines, interruption };
}

test('a supervisor that is away is waited for under the lease', async () => {
  const { run, lines } = await begin();
  await supervisor.goAway();
  const running = run();
  await expect.poll(() => lines).toContainEqual(expect.stringContaining('supervisor is away'));
  await supervisor.comeBack();
  expect(await running).toEqual({ exitCode: 7, revocation: null, cleared: true });
});

test('one that goes just as it prepares is asked again when it is back', async () => {
  let asked = 0;
  const { run } = await begin((message) => {
    if (message.type !== 'prepare' || ++asked > 1) return agree(message);
    return { type: 'error', failure: 'StackUnavailable', message: 'going down' };
  });
  expect(await run()).toMatchObject({ exitCode: 7 });
  expect(supervisor.heard.filter((type) => type === 'prepare')).toHaveLength(2);
});

test('a lease that the pool took back meanwhile is waited for no longer', async () => {
  const { run } = await begin(agree, async () => ({ ...held, phase: 'waiting', lease: null }));
  await supervisor.goAway();
  expect(await run()).toMatchObject({ failure: { type: 'LeaseFenced' }, cleared: false });
  await supervisor.comeBack();
});

test('nor is one that is over and whose pool cannot be asked', async () => {
  const gone = () => Promise.reject(berthError('StackUnavailable', 'no stack'));
  const { run } = await begin(agree, gone, { ...lease, expiresAt: Date.now() });
  await supervisor.goAway();
  expect(await run()).toMatchObject({ failure: { type: 'StackUnavailable' } });
  await supervisor.comeBack();
});

test('a lease that the supervisor refuses is given back at once', async () => {
  const refuse = (message: RunnerMessage): SupervisorMessage =>
    message.type === 'prepare'
      ? { type: 'error', failure: 'LeaseFenced', message: 'over' }
      : agree(message);
  const { run } = await begin(refuse);
  expect(await run()).toMatchObject({ failure: { type: 'LeaseFenced' }, cleared: true });
});

test('an interruption ends the waiting', async () => {
  const { run, lines, interruption } = await begin();
  await supervisor.goAway();
  const running = run();
  await expect.poll(() => lines.length).toBe(1);
  const reason = new Error('interrupted');
  interruption.abort(reason);
  expect(await running).toEqual({ failure: reason, cleared: false });
  await supervisor.comeBack();
});
