import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import pino from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createPoolClient } from '../../../workers/client/pool/createPoolClient.ts';
import type { HostWork } from '../../../workers/pool/hostWork.ts';
import { createPoolLink } from '../../../workers/pool/poolLink.ts';
import { createPoolServer } from '../../../workers/pool/poolServer.ts';
import { hostTaskQueue, workflowTaskQueue } from '../../../workflows/contracts/ids.ts';
import {
  defaultPoolConfig,
  freshRunEvents,
  poolSignals,
  poolUpdates,
} from '../../../workflows/contracts/pool/messages.ts';
import { noTeams } from '../../../workflows/contracts/pool/teams.ts';
import type { HolderState } from '../../support/pool/holderWorkflows.ts';
import { bundleOtherVersion } from '../../support/pool/otherVersion.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';
import { scriptedDevice } from '../../support/pool/scriptedHost.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

const team = 'nlp';
const leasesOf = async (holder: WorkflowHandle) =>
  (await holder.query<HolderState>('holderState')).leases;

/** A host on which nothing runs, so that there is nothing to be ended. */
const idle: HostWork = {
  working: () => [],
  live: async () => [],
  epochs: async () => ({}),
  end: async () => {},
  revoke: () => {},
  renewed: () => {},
};

test('a pool that is told to hands over at once, and loses nothing', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const holding = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(() => leasesOf(holding)).toHaveLength(1);
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

test('a pool that another version has run goes on with all that it knew', async () => {
  const pool = newPool();
  // Its worker clears devices.
  const deviceQueue = hostTaskQueue((await rig.startHost({ pool: newPool() })).hostId);
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const linkHost = (devices: number) => {
    const hostId = `h-${randomUUID()}`;
    const times = { heartbeatMs: 1_000 };
    const link = createPoolLink({
      ...{ pool, hostId, generation: randomUUID(), work: idle, logger },
      devices: Array.from({ length: devices }, (_, index) =>
        scriptedDevice(hostId, index, deviceQueue),
      ),
      resources: { cpuMilli: 64_000, memoryMib: 512_000 },
      config: { ...defaultPoolConfig, ...times },
      server: createPoolServer({ client: rig.client, pool, times }),
      wedgedMs: 3_000,
    });
    link.start();
    onTestFinished(() => link.stop());
  };
  const stop = await rig.startWorker(workflowTaskQueue);
  linkHost(3);
  linkHost(1);
  await expect.poll(async () => (await rig.describe(pool)).devices.length).toBe(4);
  const nobodyElse = { quota: {}, limit: {}, weight: 2, trustDomain: null, children: {} };
  await rig.pool(pool).executeUpdate(poolUpdates.applyTeams, {
    args: [{ ...noTeams, teams: { [team]: nobodyElse } }],
  });
  await rig.pool(pool).executeUpdate(poolUpdates.configure, { args: [{ graceMs: 1_234 }] });
  await rig.pool(pool).executeUpdate(poolUpdates.drain, {
    args: [{ target: 'cuda2', drain: true, revoke: false }],
  });
  const [first, second, third] = await Promise.all(
    [1, 1, 1].map((devices) => rig.startHolder({ pool, team, devices })),
  );
  for (const holder of [first, second, third]) {
    await expect.poll(() => leasesOf(holder!)).toHaveLength(1);
  }
  const fourth = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  const before = await rig.describe(pool);
  const { runId } = await rig.pool(pool).describe();

  await stop();
  await rig.startWorker(workflowTaskQueue, await bundleOtherVersion());
  const errors = () => lines.filter(({ level }) => level >= 50);
  await expect.poll(errors, { timeout: 90_000 }).toHaveLength(1);
  const after = await rig.describe(pool);
  expect((await rig.pool(pool).describe()).runId).not.toBe(runId);
  expect(
    (await rig.client.workflow.getHandle(`gpu-pool/${pool}`, runId).describe()).status.name,
  ).toBe('TERMINATED');
  expect(errors()[0]?.msg).toContain('another version of Berth');
  const ids = (of: { requestId: string }[]) => of.map(({ requestId }) => requestId).sort();
  expect(ids(after.leases)).toEqual(ids(before.leases));
  expect(ids(after.queue)).toEqual(ids(before.queue));
  expect(after.config).toEqual(before.config);
  expect(after.teams.map((each) => each.team)).toEqual(before.teams.map((each) => each.team));
  const drained = after.devices.filter(({ label }) => label === 'cuda2');
  expect(drained.map(({ state }) => state)).toEqual(['draining']);

  const epochs = (leases: Awaited<ReturnType<typeof leasesOf>>) =>
    leases.flatMap(({ devices }) => devices.map(({ deviceId, epoch }) => `${deviceId} ${epoch}`));
  const all = [first, second, third, fourth].map((holder) => holder!);
  await Promise.all(all.map((holder) => holder.signal('goOn')));
  await Promise.all(all.map((holder) => holder.result()));
  const lent = (await Promise.all(all.map(leasesOf))).flatMap(epochs);
  expect(lent).toHaveLength(4);
  expect(new Set(lent).size).toBe(4);
  await expect.poll(async () => (await rig.describe(pool)).totals).toMatchObject({ released: 4 });
  expect(errors()).toHaveLength(1);
}, 180_000);

test('who asks a pool that cannot go on is told so; one of several hosts starts it anew', async () => {
  const pool = newPool();
  const taskQueue = `pool-${randomUUID()}`;
  const stop = await rig.startWorker(taskQueue);
  await rig.startHost({ pool, devices: 1, taskQueue });
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(() => leasesOf(holder)).toHaveLength(1);
  const { leases } = await rig.describe(pool);
  const hosts = [1, 2, 3].map(() => createPoolServer({ client: rig.client, pool, times: {} }));
  const recover = async () => {
    const all = await Promise.all(hosts.map((host) => host.recover()));
    return all.filter((recovered) => recovered !== undefined);
  };
  expect(await recover()).toEqual([]);

  await stop();
  await rig.startWorker(taskQueue, await bundleOtherVersion());
  const client = createPoolClient(async () => ({ client: rig.client }), pool, 8_000);
  const message = /is not answering: another version of Berth has run it.* try again then/;
  await rig.pool(pool).signal(poolSignals.holderGone, {});
  await vi.waitFor(() => expect(client.describe()).rejects.toThrow(message), { timeout: 60_000 });
  const recovered = await vi.waitUntil(
    async () => {
      const done = await recover();
      return done.length > 0 && done;
    },
    { timeout: 90_000, interval: 1_000 },
  );
  expect(recovered).toMatchObject([{ leases: 1, waiting: 0 }]);
  expect((await client.describe()).leases).toEqual(leases);
  expect(await recover()).toEqual([]);
  await holder.signal('goOn');
  await holder.result();
}, 180_000);
