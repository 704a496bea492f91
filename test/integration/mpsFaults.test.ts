import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import type { MpsLimits } from '../../workers/devices/sharing/mpsProcess.ts';
import { processTree } from '../../workers/supervisor/procfs.ts';
import { createFakeMps } from '../support/fakeMps/fakeMps.ts';
import { fakeGpu, shareOf } from '../support/fakeMps/shares.ts';
import { isRunning } from '../support/isRunning.ts';

/** Ends, faults and leftovers, against the fakes of mps.test.ts. */
const gpu = fakeGpu();
const watching = { watchMs: 100 };

async function twoAtWork(limits: Partial<MpsLimits> = {}) {
  const fake = createFakeMps();
  const mps = fake.sharing(limits);
  const ours = await fake.client((await mps.prepare(gpu, shareOf('ours'))).env);
  const neighbour = await fake.client((await mps.prepare(gpu, shareOf('neighbour'))).env);
  for (const client of [ours, neighbour]) expect(await client.tell('work')).toBe('ok');
  return { fake, mps, ours, neighbour };
}

test('terminates a client at work, so that its kill does the neighbour no harm', async () => {
  const { fake, mps, ours, neighbour } = await twoAtWork();
  await mps.quiesce(gpu, shareOf('ours'), [ours.pid]);
  expect(await ours.tell('allocate 1')).toBe('CUDA_ERROR_MPS_CLIENT_TERMINATED');
  expect(isRunning(ours.pid)).toBe(true);
  await ours.kill();
  await mps.clear(gpu, shareOf('ours'));
  expect(await neighbour.tell('allocate 1')).toBe('ok');
  const terminated = (await fake.commands()).filter((line) => line.startsWith('terminate_client'));
  expect(terminated).toEqual([
    expect.stringMatching(new RegExp(`^terminate_client \\d+ ${ours.pid}$`)),
  ]);
});

test('a kill without it hits the neighbour: what the fake must show for the test above to count', async () => {
  const { ours, neighbour } = await twoAtWork();
  await ours.kill();
  await expect.poll(() => neighbour.tell('allocate 1')).toBe('CUDA_ERROR_MPS_RPC_FAILURE');
});

test('terminates the processes named, and not what else the lease runs', async () => {
  const { mps, ours, neighbour } = await twoAtWork();
  expect(await ours.tell('child work')).toBe('ok');
  const [, child = Number.NaN] = processTree(ours.pid);
  // The child may still be saving its work after a SIGTERM.
  await mps.quiesce(gpu, shareOf('ours'), [ours.pid]);
  expect(await ours.tell('child allocate 1')).toBe('ok');
  await mps.quiesce(gpu, shareOf('ours'), [ours.pid, child]);
  expect(await ours.tell('child allocate 1')).toBe('CUDA_ERROR_MPS_CLIENT_TERMINATED');
  expect(await neighbour.tell('allocate 1')).toBe('ok');
});

test('reports a client that MPS does not let go of, and does not wait for ever', async () => {
  const fake = createFakeMps();
  const mps = fake.sharing({ terminateMs: 500 });
  const { env } = await mps.prepare(gpu, shareOf('a'));
  const stubborn = await fake.client(env, '--stubborn');
  await stubborn.tell('work');
  await mps.quiesce(gpu, shareOf('a'), [stubborn.pid]);
  expect(fake.logged).toContainEqual(
    expect.objectContaining({
      lease: 'a',
      pids: [stubborn.pid],
      msg: expect.stringContaining('did not confirm'),
    }),
  );
});

test('mends a fault by itself: ends all clients of the server, starts it again with its limits', async () => {
  const { fake, mps, ours, neighbour } = await twoAtWork(watching);
  expect(await ours.tell('fault')).toBe('CUDA_ERROR_ILLEGAL_ADDRESS');
  expect(await Promise.all([ours.ended, neighbour.ended])).toEqual(['SIGKILL', 'SIGKILL']);
  await expect
    .poll(() => fake.logged.find(({ level }) => level === 50))
    .toMatchObject({
      leases: ['ours', 'neighbour'],
      killed: expect.arrayContaining([ours.pid, neighbour.pid]),
      unconfirmed: [],
      faults: 1,
      msg: expect.stringMatching(/^cuda0: the MPS server is in FAULT/),
    });
  expect(JSON.parse(readFileSync(fake.folder().record, 'utf8'))).toMatchObject({ faults: 1 });
  const { env } = await mps.prepare(gpu, shareOf('ours'));
  const again = await fake.client(env);
  expect(JSON.parse(await again.tell('limits'))).toEqual({ memory: 1000, percentage: 25 });
  expect(await fake.commands()).toContain('set_default_device_pinned_mem_limit 0 1000M');
});

test('mends a fault before it lends the next share', async () => {
  const { fake, mps, ours } = await twoAtWork();
  await ours.tell('fault');
  const { env } = await mps.prepare(gpu, shareOf('next'));
  expect((await fake.client(env)).opened).toBe('ok');
});

test('starts a daemon again that was killed, without the servers that it left', async () => {
  const { fake, mps, ours } = await twoAtWork();
  await mps.prepare(gpu, shareOf('third'));
  const daemon = pidOf(fake);
  process.kill(daemon, 'SIGKILL');
  await expect.poll(() => isRunning(daemon)).toBe(false);
  const { env } = await mps.prepare(gpu, shareOf('next'));
  expect((await fake.client(env)).opened).toBe('ok');
  await expect.poll(async () => (await fake.started()).filter(isRunning)).toHaveLength(2);
  expect(await ours.tell('allocate 1')).toBe('CUDA_ERROR_MPS_CONNECTION_FAILED');
});

test('kills a daemon that does not quit, and nothing else', async () => {
  const fake = createFakeMps();
  const mps = fake.sharing({ quitMs: 300 });
  const client = await fake.client((await mps.prepare(gpu, shareOf('a'))).env);
  // The fake's quit waits for its clients.
  await mps.close();
  expect((await fake.started()).filter(isRunning)).toEqual([]);
  expect(isRunning(client.pid)).toBe(true);
  expect(fake.computeMode()).toBe('Default');
  expect(fake.logged).toContainEqual(
    expect.objectContaining({ msg: 'MPS did not quit in time and was killed' }),
  );
  await expect(mps.prepare(gpu, shareOf('b'))).rejects.toMatchObject({ type: 'StackUnavailable' });
});

test('quits what a killed supervisor left, and gives the compute mode back', async () => {
  const fake = createFakeMps();
  await killedSupervisor(fake);
  expect(fake.computeMode()).toBe('Exclusive_Process');
  expect((await fake.started()).filter(isRunning)).toHaveLength(1);
  await fake.sharing().ready();
  expect((await fake.started()).filter(isRunning)).toEqual([]);
  expect(fake.computeMode()).toBe('Default');
});

test('believes no record in a folder that others can reach into, and follows no link there', async () => {
  const fake = createFakeMps();
  const elsewhere = join(fake.home, 'elsewhere');
  mkdirSync(join(elsewhere, 'pipe'), { recursive: true });
  const { root, record } = fake.folder();
  mkdirSync(root, { recursive: true });
  const forged = {
    deviceId: 'GPU-fake',
    label: 'g',
    trustDomain: 'nlp',
    computeMode: 'PROHIBITED',
  };
  writeFileSync(record, JSON.stringify({ ...forged, faults: 0, lastFaultAt: null }));
  writeFileSync(join(elsewhere, 'daemon.json'), readFileSync(record));
  symlinkSync(elsewhere, join(fake.root, 'link'));
  chmodSync(fake.root, 0o777);
  await fake.sharing().ready();
  expect(fake.computeMode()).toBe('Default');
  expect(existsSync(join(elsewhere, 'pipe'))).toBe(true);
  expect(fake.logged).toContainEqual(expect.objectContaining({ level: 50, root: fake.root }));
});

test('gives the compute mode back where a supervisor was killed before its daemon was up', async () => {
  const fake = createFakeMps();
  const { root, record } = fake.folder();
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(join(fake.home, 'mode-GPU-fake'), 'Exclusive_Process');
  const about = { deviceId: gpu.deviceId, label: gpu.label, trustDomain: 'nlp' };
  writeFileSync(
    record,
    JSON.stringify({ ...about, computeMode: 'DEFAULT', faults: 0, lastFaultAt: null }),
  );
  await fake.sharing().ready();
  expect(fake.computeMode()).toBe('Default');
  expect(existsSync(root)).toBe(false);
});

test('keeps the daemon of a command that is no client yet', async () => {
  const fake = createFakeMps();
  const { env } = await killedSupervisor(fake);
  const command = execa('sleep', ['600'], { env, reject: false });
  onTestFinished(() => void command.kill('SIGKILL'));
  await fake.sharing(watching).ready();
  expect((await fake.client(env)).opened).toBe('ok');
  expect((await fake.started()).filter(isRunning)).toHaveLength(2);
});

test('takes over a daemon whose clients outlived their supervisor, and can terminate them', async () => {
  const fake = createFakeMps();
  const { env } = await killedSupervisor(fake);
  const client = await fake.client(env);
  await client.tell('work');
  const mps = fake.sharing(watching);
  await mps.ready();
  expect(await client.tell('allocate 1')).toBe('ok');
  await mps.quiesce(gpu, shareOf('a'), [client.pid]);
  expect(await client.tell('allocate 1')).toBe('CUDA_ERROR_MPS_CLIENT_TERMINATED');
  await client.kill();
  // Nobody clears a lease that this supervisor never lent: the watch sees the last client go.
  await expect.poll(() => fake.computeMode()).toBe('Default');
  await expect.poll(async () => (await fake.started()).filter(isRunning)).toEqual([]);
});

function pidOf(fake: ReturnType<typeof createFakeMps>): number {
  return Number(readFileSync(join(fake.folder().pipe, 'nvidia-cuda-mps-control.pid'), 'utf8'));
}

async function killedSupervisor(fake: ReturnType<typeof createFakeMps>) {
  const script = join(packageRoot(), 'test', 'support', 'fakeMps', 'supervisorToKill.mjs');
  const { root, env } = fake;
  const given = JSON.stringify({ root, env, device: gpu, share: shareOf('a') });
  const child = execa('node', [script, given], { reject: false });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  child.kill('SIGKILL');
  await child;
  return JSON.parse(String(value)) as { env: Record<string, string> };
}
