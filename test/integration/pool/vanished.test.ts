import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolSignals } from '../../../workflows/contracts/pool/messages.ts';
import type { LeaseRequest } from '../../../workflows/contracts/pool/requests.ts';
import type { HolderState } from '../../support/pool/holderWorkflows.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

const team = 'nlp';

const request = (holder: LeaseRequest['holder']): LeaseRequest => ({
  ...holdInput('').request,
  holder,
});

test('a requester that is gone when it is granted only returns its device, at once', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const gone = { workflowId: `never-was/${randomUUID()}`, runId: randomUUID() };
  await rig.pool(pool).signal(poolSignals.request, request(gone));
  await expect.poll(async () => (await rig.describe(pool)).totals.granted).toBe(1);
  // Nobody confirms any clearing: nothing ever ran under that lease.
  await expect.poll(async () => (await rig.describe(pool)).devices[0]?.state).toBe('free');
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await holder.signal('goOn');
  await holder.result();
});

test.each([
  ['a run id that is none', { workflowId: 'w', runId: 'not-a-uuid' }],
  ['an empty workflow id', { workflowId: '', runId: randomUUID() }],
  ['no holder', undefined],
])('a request with %s does not hold up the pool', async (_, holder) => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  await rig.pool(pool).signal(poolSignals.request, request(holder as LeaseRequest['holder']));
  await rig.pool(pool).signal(poolSignals.request, undefined);
  await rig.pool(pool).signal(poolSignals.release, 'nonsense');
  await rig.pool(pool).signal(poolSignals.heartbeat, { hostId: 7 });
  const working = await rig.startHolder({ pool, team, devices: 1 });
  await working.signal('goOn');
  await working.result();
});

test('a holder that was terminated keeps its devices until its host says that it is gone', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 1 });
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await expect
    .poll(async () => (await holder.query<HolderState>('holderState')).leases)
    .toHaveLength(1);
  await holder.terminate();
  const [held] = (await rig.describe(pool)).leases;
  await rig.pool(pool).signal(poolSignals.holderGone, { holder: held?.holder });
  // Over, but what ran may still run: lent again only after the host's word.
  await expect.poll(async () => (await host.view()).clearing).toHaveLength(1);
  const next = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  expect((await rig.describe(pool)).leases).toEqual([]);
  expect(await host.confirmClearing()).toBe(1);
  await next.signal('goOn');
  await next.result();
  await expect.poll(() => host.recorded.map(({ end }) => end)).toContain('holder-gone');
});

test('a lease whose host falls silent is over, and its workflow hears of it', async () => {
  const pool = newPool();
  const config = { heartbeatMs: 4_000, hostLapseMs: 6_000 };
  const silent = await rig.startHost({ pool, devices: 1, start: { config } });
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  const state = () => holder.query<HolderState>('holderState');
  await expect.poll(async () => (await state()).leases).toHaveLength(1);
  await expect.poll(async () => (await state()).saved).toHaveLength(1);
  await expect(holder.result()).rejects.toMatchObject({ cause: { type: 'LeaseRevoked' } });
  expect((await rig.describe(pool)).hosts).toMatchObject([
    { hostId: silent.hostId, state: 'lapsed' },
  ]);
});
