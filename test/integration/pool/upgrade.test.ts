import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshRunEvents, poolSignals } from '../../../workflows/contracts/pool/messages.ts';
import type { HolderState } from '../../support/pool/holderWorkflows.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

const team = 'nlp';

test('a pool that is told to hands over at once, and loses nothing', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const holding = await rig.startHolder({ pool, team, devices: 1 });
  const leases = async () => (await holding.query<HolderState>('holderState')).leases;
  await expect.poll(leases).toHaveLength(1);
  const waiting = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  const before = await rig.describe(pool);
  const { runId, historyLength } = await rig.pool(pool).describe();
  expect(historyLength).toBeGreaterThan(freshRunEvents);
  await rig.pool(pool).signal(poolSignals.handOver);
  await expect.poll(async () => (await rig.pool(pool).describe()).runId).not.toBe(runId);
  const after = await rig.describe(pool);
  expect([after.leases, after.queue]).toEqual([before.leases, before.queue]);

  // A second host that goes down at the same time asks for it, too.
  const fresh = await rig.pool(pool).describe();
  expect(fresh.historyLength).toBeLessThanOrEqual(freshRunEvents);
  await rig.pool(pool).signal(poolSignals.handOver);
  await holding.signal('goOn');
  await waiting.signal('goOn');
  await Promise.all([holding.result(), waiting.result()]);
  expect((await rig.pool(pool).describe()).runId).toBe(fresh.runId);
});
