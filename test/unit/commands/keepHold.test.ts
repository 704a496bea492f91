import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { RunnerMessage, SupervisorMessage } from '../../../workers/commands/protocol.ts';
import type { HoldClient } from '../../../workers/commands/runner/holdClient.ts';
import { keepHold } from '../../../workers/commands/runner/keepHold.ts';
import { connectSupervisor } from '../../../workers/commands/runner/supervisorLink.ts';
import { startScriptedSupervisor } from '../../support/commands/scriptedSupervisor.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** The runner's word to the supervisor that it lives, against a scripted one on a real socket. */
const folder = temporaryFolder('keep-hold');
let sockets = 0;

const agreeable = ({ type }: RunnerMessage): SupervisorMessage => ({
  type: type === 'done' ? 'done' : 'held',
});

async function begin() {
  const path = join(folder, `${++sockets}.sock`);
  const supervisor = await startScriptedSupervisor(path, agreeable);
  onTestFinished(() => supervisor.goAway());
  const connect = () => connectSupervisor(path);
  const keep = () => keepHold({ pool: 'default', requestId: 'run-1', connect, retryMs: 20 });
  return { supervisor, keep };
}

/** Of a hold whose workflow takes every word. */
const obedient: Partial<HoldClient> = {
  finish: async () => undefined,
  withdraw: async () => undefined,
};
const word = { leaseId: null, reason: 'exit code 0', cleared: [] };

test.each([
  ['was given back', (hold: HoldClient) => hold.finish(word), ['hold', 'done']],
  ['was withdrawn', (hold: HoldClient) => hold.withdraw(), ['hold', 'done']],
  ['goes on', (hold: HoldClient) => hold.finish({ ...word, again: true }), ['hold']],
])('a hold that %s', async (_, tell, heard) => {
  const { supervisor, keep } = await begin();
  const keeper = await keep();
  await tell(keeper.watch(obedient as HoldClient));
  await keeper.close();
  expect(supervisor.heard).toEqual(heard);
});

test('a hold that could not be told is left to the supervisor', async () => {
  const { supervisor, keep } = await begin();
  const keeper = await keep();
  const deaf = { finish: () => Promise.reject(new Error('no server')) };
  const hold = keeper.watch(deaf as unknown as HoldClient);
  await expect(hold.finish(word)).rejects.toThrow('no server');
  await keeper.close();
  expect(supervisor.heard).toEqual(['hold']);
});

test('a supervisor that was away hears of it again', async () => {
  const { supervisor, keep } = await begin();
  const keeper = await keep();
  await supervisor.goAway();
  await supervisor.comeBack();
  await vi.waitFor(() => expect(supervisor.heard).toEqual(['hold', 'hold']));
  await keeper.close();
});

test('a supervisor that is away keeps nobody from beginning, or from ending', async () => {
  const { supervisor, keep } = await begin();
  await supervisor.goAway();
  const keeper = await keep();
  await keeper.watch(obedient as HoldClient).withdraw();
  await keeper.close();
  await supervisor.comeBack();
  expect(supervisor.heard).toEqual([]);
});
