import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LeaseFile } from '../../workers/commands/leaseFile.ts';
import { openDeviceFence } from '../../workers/devices/openDeviceFence.ts';
import { hasEnvironment, listProcesses } from '../../workers/supervisor/procfs.ts';
import { holdSignals } from '../../workflows/contracts/pool/hold.ts';
import { type PoolConfig, poolUpdates } from '../../workflows/contracts/pool/messages.ts';
import { type PoolRig, startPoolRig } from '../support/pool/poolRig.ts';
import {
  createPoolHost,
  type HeldLease,
  type PoolHost,
  type RunnerProcess,
} from '../support/poolHost/poolHost.ts';

/**
 * A host's side of the pool on a real server with the real pool workflow: its commands are real
 * processes, its supervisor's lending runs in a process that is killed for real.
 */
let rig: PoolRig;
let stopPool: () => Promise<void>;

beforeAll(async () => {
  rig = await startPoolRig();
  // Where hosts start their pools.
  stopPool = await rig.startWorker('berth');
});
afterAll(() => rig.close());

async function startHost(times?: Partial<PoolConfig>, env?: Record<string, string>) {
  const host = await createPoolHost(rig, times, env);
  onTestFinished(() => host.close());
  await host.start();
  return host;
}

/** Everything that carries the lease's file in its environment. */
const processesOf = ({ said }: RunnerProcess): number[] => {
  const running = said.find((message) => message.type === 'running');
  if (running?.type !== 'running') throw new Error('the command does not run');
  const entry = `BERTH_LEASE=${running.prepared.leaseFile}`;
  return listProcesses().flatMap(({ pid }) => (hasEnvironment(pid, entry) ? [pid] : []));
};
const untilGone = (runner: RunnerProcess) =>
  vi.waitFor(() => expect(processesOf(runner)).toEqual([]), { timeout: 20_000 });

async function finishHold({ lease, hold }: HeldLease): Promise<void> {
  const cleared = lease.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));
  const message = { leaseId: lease.leaseId, reason: 'exit code 0', cleared };
  await hold.signal(holdSignals.finish, message);
}

const deviceOf = (held: HeldLease): string => held.lease.devices[0]?.deviceId ?? '';

const fenceOf = (host: PoolHost, held: HeldLease) => openDeviceFence(host.paths, deviceOf(held));

/** Ignores SIGTERM, and has a child in a session of its own whose parent is gone. */
const stubborn = `trap '' TERM; (setsid sleep 300 >/dev/null 2>&1 &); while :; do sleep 300; done`;

/** Its shell, its child and the one that went away. */
async function runStubborn(host: PoolHost, held: HeldLease) {
  const runner = await host.run(held, stubborn);
  const { pid } = await runner.heard('running');
  await vi.waitFor(() => expect(processesOf(runner).length).toBeGreaterThan(2), 20_000);
  return { runner, pid };
}

test('a command runs under its lease, which is renewed, and gives it back', async () => {
  const host = await startHost();
  const held = await host.acquire();
  const done = join(host.paths.home, 'done');
  const runner = await host.run(held, `while [ ! -e ${done} ]; do sleep 0.1; done`);
  const { prepared } = await runner.heard('running');
  expect(prepared.env.BERTH_LEASE).toBe(prepared.leaseFile);
  const before = JSON.parse(await readFile(prepared.leaseFile, 'utf8')) as LeaseFile;
  expect(before).toMatchObject({ lease: held.lease, graceMs: 1_000, revoking: null });
  await vi.waitFor(
    async () => {
      const now = JSON.parse(await readFile(prepared.leaseFile, 'utf8')) as LeaseFile;
      expect(now.expiresAt).toBeGreaterThan(before.expiresAt);
    },
    { timeout: 20_000 },
  );
  const [described] = (await host.describe()).leases;
  expect(described?.expiresAt).toBeGreaterThan(held.lease.expiresAt);
  await writeFile(done, '');
  await runner.heard('cleared');
  await expect(readFile(prepared.leaseFile)).rejects.toMatchObject({ code: 'ENOENT' });
  await finishHold(held);
  await host.untilFree();
});

describe('a runner that is killed', () => {
  test('leaves no process, gives the lease back, and its epoch stays out', async () => {
    const host = await startHost();
    const held = await host.acquire();
    const { runner } = await runStubborn(host, held);
    runner.process.kill('SIGKILL');
    await untilGone(runner);
    expect(await held.hold.result()).toMatchObject({ reason: 'berth run was killed' });
    await host.untilFree();

    const again = await host.run(held, 'true');
    expect(await again.heard('refused')).toMatchObject({ failure: 'LeaseFenced' });
    await host.end('SIGKILL');
    await host.start();
    await expect(fenceOf(host, held).admit(held.lease)).rejects.toMatchObject({
      type: 'LeaseFenced',
    });
    const next = await host.acquire();
    expect(next.lease.devices[0]?.epoch).toBeGreaterThan(held.lease.devices[0]?.epoch ?? 0);
    await next.hold.cancel();
  });
});

describe('a supervisor that is killed', () => {
  test('takes up its commands when it starts again, and their runners come back', async () => {
    const host = await startHost();
    const held = await host.acquire();
    const done = join(host.paths.home, 'done');
    const runner = await host.run(held, `while [ ! -e ${done} ]; do sleep 0.1; done`);
    const { pid } = await runner.heard('running');
    await host.end('SIGKILL');
    await host.start();
    await runner.heard('resumed');
    expect(processesOf(runner)).toContain(pid);
    await writeFile(done, '');
    await runner.heard('cleared');
    await finishHold(held);
    await host.untilFree();
  });

  test('ends a command whose runner was killed meanwhile', async () => {
    const host = await startHost({}, { RESUME_MS: '1000' });
    const held = await host.acquire();
    const { runner } = await runStubborn(host, held);
    await host.end('SIGKILL');
    runner.process.kill('SIGKILL');
    await once(runner.process, 'exit');
    expect(processesOf(runner)).not.toEqual([]);
    await host.start();
    await untilGone(runner);
    expect(await held.hold.result()).toMatchObject({ reason: 'berth run was killed' });
    await host.untilFree();
  });
});

test('a holder that is terminated loses its command, and the device is free again', async () => {
  const host = await startHost();
  const held = await host.acquire();
  const { runner } = await runStubborn(host, held);
  await held.hold.terminate('test');
  await untilGone(runner);
  await host.untilFree();
});

describe('a revoked command', () => {
  const drain = (host: PoolHost, held: HeldLease) =>
    rig.pool(host.pool).executeUpdate(poolUpdates.drain, {
      args: [{ target: deviceOf(held), drain: true, revoke: true }],
    });

  test('has time to save its work', async () => {
    const host = await startHost({ graceMs: 60_000, minRunMs: 0 });
    const held = await host.acquire();
    const saved = join(host.paths.home, 'saved');
    const runner = await host.run(
      held,
      `trap 'cp $BERTH_LEASE ${saved}; exit 0' TERM; while :; do sleep 0.1; done`,
    );
    await runner.heard('running');
    await drain(host, held);
    expect(await runner.heard('revoking')).toMatchObject({ reason: 'drained' });
    await runner.heard('cleared');
    expect(runner.said.map(({ type }) => type)).not.toContain('killed');
    const { revoking } = JSON.parse(await readFile(saved, 'utf8')) as LeaseFile;
    expect(revoking?.graceUntil).toBeGreaterThan(Date.now());
  });

  test('is killed when it does not use it, stopped or not', async () => {
    const host = await startHost({ graceMs: 1_000, minRunMs: 0 });
    const held = await host.acquire();
    const { runner, pid } = await runStubborn(host, held);
    process.kill(-pid, 'SIGSTOP');
    await drain(host, held);
    await runner.heard('killed');
    await untilGone(runner);
    await vi.waitFor(async () => expect((await host.describe()).leases).toEqual([]), {
      timeout: 20_000,
    });
  });
});

test('a lease expires here while the pool is away, also when its command is stopped', async () => {
  const host = await startHost({ leaseLifeMs: 5_000, heartbeatMs: 500 });
  const held = await host.acquire();
  const { runner, pid } = await runStubborn(host, held);
  await stopPool();
  let away = true;
  const bringBack = async () => {
    if (away) stopPool = await rig.startWorker('berth');
    away = false;
  };
  onTestFinished(bringBack);
  process.kill(-pid, 'SIGSTOP');
  expect(await runner.heard('killed')).toMatchObject({ reason: 'expired' });
  await untilGone(runner);
  await vi.waitFor(async () => expect((await fenceOf(host, held).state()).liveEpochs).toEqual([]));
  await bringBack();
  await host.untilFree();
});

test('a host that is paused past its leases ends what it ran before anybody else gets the device', async () => {
  const host = await startHost({ leaseLifeMs: 5_000, hostLapseMs: 2_500 });
  const held = await host.acquire();
  const { runner } = await runStubborn(host, held);
  host.signal('SIGSTOP');
  await vi.waitFor(
    async () => {
      const { hosts, leases, devices } = await host.describe();
      expect(hosts.map(({ state }) => state)).toEqual(['lapsed']);
      expect(leases).toEqual([]);
      expect(devices.map(({ state }) => state)).toEqual(['lapsed']);
    },
    { timeout: 20_000 },
  );
  // Nobody is there to end it, and nobody gets its device.
  expect(processesOf(runner)).not.toEqual([]);
  host.signal('SIGCONT');
  await runner.heard('killed');
  await untilGone(runner);
  await host.untilFree();
  const next = await host.acquire();
  expect(processesOf(runner)).toEqual([]);
  await next.hold.cancel();
});

test('a command that uses more memory than its share loses its lease', async () => {
  const host = await startHost({ minRunMs: 0 });
  const held = await host.acquire({ milli: 500, memoryMib: 100 });
  const hog = `exec python3 -c 'import time; kept = b"x" * (300 << 20); time.sleep(300)'`;
  const runner = await host.run(held, hog);
  await runner.heard('running');
  expect(await runner.heard('revoking')).toMatchObject({ reason: 'overuse' });
  await untilGone(runner);
  await host.untilFree();
});

test('a stack that goes down ends its commands and leaves its pool', async () => {
  const host = await startHost();
  const held = await host.acquire();
  const { runner } = await runStubborn(host, held);
  await host.end('SIGTERM');
  expect(processesOf(runner)).toEqual([]);
  expect((await fenceOf(host, held).state()).liveEpochs).toEqual([]);
  const { hosts } = await host.describe();
  expect(hosts).toMatchObject([{ hostId: host.hostId, state: 'draining' }]);
});

test.each([
  ['when it is gone', false],
  ['when it is gone at the same time as the supervisor', true],
])('a lease that no command of its berth run uses is given back %s', async (_, together) => {
  const host = await startHost({}, { RESUME_MS: '500' });
  const held = await host.acquire();
  const runner = await host.announce(held);
  if (together) await host.end('SIGKILL');
  runner.close();
  if (together) await host.start();
  expect(await held.hold.result()).toMatchObject({ reason: 'berth run was killed' });
  await host.untilFree();
});
