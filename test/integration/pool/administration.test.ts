import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { WhatIfAnswer, WhatIfChange } from '../../../workflows/contracts/pool/description.ts';
import {
  defaultPoolConfig,
  type PoolConfig,
  poolQueries,
  poolUpdates,
} from '../../../workflows/contracts/pool/messages.ts';
import { noTeams } from '../../../workflows/contracts/pool/teams.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';
import { failureTypeOf } from '../../support/scriptedIngest.ts';

let rig: PoolRig;
const pool = newPool();
beforeAll(async () => {
  rig = await startPoolRig();
  await rig.startHost({ pool, devices: 2 });
  // Only messages of the tests write to the history from here on.
  await vi.waitFor(async () => expect((await rig.describe(pool)).devices).toHaveLength(2), 20_000);
});
afterAll(() => rig?.close());

const update = <T>(name: string, input: unknown) =>
  rig.pool(pool).executeUpdate<T, [unknown]>(name, { args: [input] });

test.each([
  [poolUpdates.drain, { target: 'cuda9', drain: true, revoke: false }],
  [poolUpdates.drain, { target: 'cuda0' }],
  [poolUpdates.drain, null],
  [poolUpdates.configure, { graceMs: -1 }],
  [poolUpdates.configure, { graceMs: 'soon' }],
  [poolUpdates.configure, { unknown: 1 }],
  [poolUpdates.configure, { hostLapseMs: 400 }],
  [poolUpdates.configure, 7],
  [poolUpdates.applyTeams, { teams: { 'No Name': {} } }],
  [poolUpdates.applyTeams, undefined],
])('%s refuses %j in one line, and leaves nothing in the history', async (name, input) => {
  const before = (await rig.pool(pool).describe()).historyLength;
  const refused = await update(name, input).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
  const { cause } = refused as WorkflowUpdateFailedError;
  expect(cause).toBeInstanceOf(ApplicationFailure);
  expect(cause).toMatchObject({ type: 'InvalidRequest' });
  expect(cause?.message).not.toContain('\n');
  expect((await rig.pool(pool).describe()).historyLength).toBe(before);
});

test('more Updates at a time than the server runs at once all take effect', async () => {
  const answers = await Promise.allSettled(
    Array.from({ length: 30 }, (_, index) =>
      update<PoolConfig>(poolUpdates.configure, { agingMs: 60_000 + index }),
    ),
  );
  expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  const { config } = await rig.describe(pool);
  expect(config.agingMs).toBeGreaterThanOrEqual(60_000);
  await update(poolUpdates.configure, defaultPoolConfig);
});

test('teams are applied at once, and an unknown team is refused from then on', async () => {
  const team = { quota: { milli: 1000 }, limit: {}, weight: 1, trustDomain: null, children: {} };
  const answer = await update(poolUpdates.applyTeams, { ...noTeams, teams: { vision: team } });
  expect(answer).toEqual({ teams: 1 });
  const stranger = await rig.startHolder({ pool, team: 'strangers', devices: 1 });
  expect(await failureTypeOf(stranger)).toBe('InvalidRequest');
  const known = await rig.startHolder({ pool, team: 'vision', devices: 1 });
  await known.signal('goOn');
  await known.result();
  await update(poolUpdates.applyTeams, noTeams);
});

test('says whether a request would start, without asking for it', async () => {
  const ask = (change: WhatIfChange) =>
    rig.pool(pool).query<WhatIfAnswer, [WhatIfChange]>(poolQueries.whatIf, change);
  const { request } = holdInput(pool);
  expect(await ask({ request })).toMatchObject({ wouldStart: true });
  expect((await rig.describe(pool)).queue).toEqual([]);
});

test('a drained device is lent no more until it is taken back', async () => {
  const drain = (on: boolean) =>
    update(poolUpdates.drain, { target: 'cuda0', drain: on, revoke: false });
  await drain(true);
  expect((await rig.describe(pool)).devices.map((device) => device.state).sort()).toEqual([
    'draining',
    'free',
  ]);
  await drain(false);
  expect((await rig.describe(pool)).devices.map((device) => device.state)).toEqual([
    'free',
    'free',
  ]);
});

test('a request to cancel the pool changes nothing', async () => {
  await rig.pool(pool).cancel();
  const holder = await rig.startHolder({ pool, team: 'nlp', devices: 1 });
  await holder.signal('goOn');
  await holder.result();
});
