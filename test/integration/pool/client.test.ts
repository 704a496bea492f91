import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createPoolClient } from '../../../workers/client/pool/createPoolClient.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

let rig: PoolRig;
const pool = newPool();
const open = async () => ({ client: rig.client });
const client = createPoolClient(open, pool);

beforeAll(async () => {
  rig = await startPoolRig();
  await rig.startHost({ pool, devices: 2 });
  await vi.waitFor(async () => expect((await client.describe()).devices).toHaveLength(2), 20_000);
});
afterAll(() => rig?.close());

describe('a pool through its client', () => {
  it('tells by workflow id why a request waits, and what would help', async () => {
    const first = await rig.startHolder({ pool, team: 'nlp', devices: 2 });
    await vi.waitFor(async () => expect((await client.describe()).leases).toHaveLength(1), 20_000);
    const second = await rig.startHolder({ pool, team: 'vision', devices: 1 });
    await vi.waitFor(async () => expect((await client.describe()).queue).toHaveLength(1), 20_000);
    const explanation = await client.explain(second.workflowId);
    expect(explanation).toMatchObject({ state: 'waiting', position: 1 });
    expect(explanation.reasons[0]).toMatchObject({
      token: 'busy',
      freeDevices: 0,
      wanted: 1,
      heldBy: [{ team: 'nlp', devices: 2 }],
    });
    const { leases, queue } = await client.describe();
    const release = leases.map(({ leaseId }) => leaseId);
    const answer = await client.whatIf({ release, requestId: queue[0]?.requestId ?? '' });
    expect(answer).toMatchObject({ wouldStart: true, started: [queue[0]?.requestId] });
    expect((await client.explain(first.workflowId)).state).toBe('granted');
    await first.signal('goOn');
    await second.signal('goOn');
    await Promise.all([first.result(), second.result()]);
  });

  it('drains and undrains', async () => {
    const [device] = (await client.describe()).devices;
    const drained = await client.drain(device?.deviceId ?? '');
    expect(drained.devices).toMatchObject([{ deviceId: device?.deviceId, draining: true }]);
    expect((await client.describe()).devices[0]?.state).toBe('draining');
    await client.undrain(device?.label ?? '');
    expect((await client.describe()).devices[0]?.state).toBe('free');
  });

  it('refuses in one line, by type', async () => {
    await expect(client.drain('cuda99')).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringMatching(/^device "cuda99": expected the id or label/),
    });
    await expect(client.explain('nobody')).rejects.toMatchObject({ type: 'InvalidRequest' });
    await expect(client.applyTeams({ teams: {} } as never)).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringMatching(/^reservations: expected/),
    });
  });
});

it('says what to do when there is no such pool, or none any more', async () => {
  const absent = createPoolClient(open, 'absent');
  const message = 'pool absent is not running: run berth up on a host whose BERTH_POOL names it';
  await expect(absent.describe()).rejects.toMatchObject({ type: 'StackUnavailable', message });
  await expect(absent.undrain('cuda0')).rejects.toMatchObject({
    type: 'StackUnavailable',
    message,
  });
  expect(() => createPoolClient(open, 'No Pool')).toThrow('pool "No Pool": expected a name');
});

it('says so when nobody serves the pool', async () => {
  const taskQueue = `berth-${randomUUID()}`;
  const served = newPool();
  const stop = await rig.startWorker(taskQueue);
  await rig.startHost({ pool: served, devices: 1, taskQueue });
  const own = createPoolClient(open, served, 2_000);
  await vi.waitFor(async () => expect((await own.describe()).devices).toHaveLength(1), 20_000);
  await stop();
  const message = `no workflow worker answers for pool ${served}: berth status shows what runs, berth logs why not`;
  await expect(own.describe()).rejects.toMatchObject({ type: 'StackUnavailable', message });
  await expect(own.drain('cuda0')).rejects.toMatchObject({ type: 'StackUnavailable', message });
});
