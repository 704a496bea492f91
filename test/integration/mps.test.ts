import { expect, test } from 'vitest';
import { createFakeMps } from '../support/fakeMps/fakeMps.ts';
import { fakeGpu, shareOf } from '../support/fakeMps/shares.ts';
import { isRunning } from '../support/isRunning.ts';

/** mpsSharing as it is, against fake MPS, NVML and nvidia-smi (test/support/fakeMps) in real processes. */
const gpu = fakeGpu();

test('gives a share its limits and the GPU to MPS alone, until the last share is cleared', async () => {
  const fake = createFakeMps();
  const mps = fake.sharing();
  const { env, cores } = await mps.prepare(gpu, shareOf('a'));
  expect(env).toEqual({
    CUDA_VISIBLE_DEVICES: 'GPU-fake',
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_MPS_PIPE_DIRECTORY: fake.folder().pipe,
    CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: '0=1000M',
    CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: '25',
  });
  expect(cores).toBe('0');
  expect(fake.computeMode()).toBe('Exclusive_Process');
  const client = await fake.client(env);
  expect(JSON.parse(await client.tell('limits'))).toEqual({ memory: 1000, percentage: 25 });
  expect(await client.tell('allocate 900')).toBe('ok');
  expect(await client.tell('allocate 101')).toBe('CUDA_ERROR_OUT_OF_MEMORY');
  // Who drops the variables does not get round MPS.
  const { opened } = await fake.client({ CUDA_VISIBLE_DEVICES: gpu.deviceId });
  expect(opened).toBe('CUDA_ERROR_DEVICE_UNAVAILABLE');
  await client.kill();
  await mps.clear(gpu, shareOf('a'));
  expect(fake.computeMode()).toBe('Default');
  expect((await fake.started()).filter(isRunning)).toEqual([]);
  await mps.clear(gpu, shareOf('a'));
});

test('has the tightest limit win, and raises the server’s for a larger share', async () => {
  const fake = createFakeMps();
  const mps = fake.sharing();
  const small = await mps.prepare(gpu, shareOf('small', { milli: 100, memoryMib: 500 }));
  const { CUDA_MPS_PIPE_DIRECTORY = '', CUDA_VISIBLE_DEVICES = '' } = small.env;
  const bare = { CUDA_MPS_PIPE_DIRECTORY, CUDA_VISIBLE_DEVICES };
  const limits = async (env: Record<string, string>) =>
    JSON.parse(await (await fake.client(env)).tell('limits'));
  expect(await limits(bare)).toEqual({ memory: 500, percentage: 10 });
  const greedy = { ...small.env, CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: '0=9G' };
  expect(await limits(greedy)).toEqual({ memory: 500, percentage: 10 });

  const large = await mps.prepare(gpu, shareOf('large', { milli: 600, memoryMib: 3000 }));
  expect(await limits(large.env)).toEqual({ memory: 3000, percentage: 60 });
  expect(await limits(small.env)).toEqual({ memory: 500, percentage: 10 });
  await mps.clear(gpu, shareOf('large'));
  expect(await limits(bare)).toEqual({ memory: 500, percentage: 10 });
});

test('keeps trust domains apart: one at a time on a GPU', async () => {
  const fake = createFakeMps();
  const mps = fake.sharing();
  const mine = await mps.prepare(gpu, shareOf('a'));
  const theirs = shareOf('b', { trustDomain: 'vision' });
  const busy = {
    type: 'NoDeviceFree',
    message: expect.stringMatching(/domain nlp \(1 leases, 1 /),
  };
  const client = await fake.client(mine.env);
  await expect(mps.prepare(gpu, theirs)).rejects.toMatchObject(busy);
  await mps.clear(gpu, shareOf('a'));
  await expect(mps.prepare(gpu, theirs)).rejects.toMatchObject({ type: 'NoDeviceFree' });
  await client.kill();
  const other = await mps.prepare(gpu, theirs);
  expect(other.env.CUDA_MPS_PIPE_DIRECTORY).not.toBe(mine.env.CUDA_MPS_PIPE_DIRECTORY);
  expect((await fake.client(other.env)).opened).toBe('ok');
  // The first domain's daemon is gone, not only idle.
  expect((await fake.client(mine.env)).opened).toBe('CUDA_ERROR_DEVICE_UNAVAILABLE');
});

test('takes no more leases and processes than MPS takes clients', async () => {
  const fake = createFakeMps({ FAKE_MPS_CLIENT_LIMIT: '2' });
  const two = { ...gpu, maxShares: 2 };
  const mps = fake.sharing();
  const { env } = await mps.prepare(two, shareOf('a'));
  await fake.client(env);
  await fake.client(env);
  expect((await fake.client(env)).opened).toBe('CUDA_ERROR_MPS_MAX_CLIENTS_REACHED');
  const full = {
    type: 'NoDeviceFree',
    message: expect.stringContaining('1 leases with 2 processes'),
  };
  await expect(mps.prepare(two, shareOf('b'))).rejects.toMatchObject(full);
  // Asked for again, as after a lost connection, a share that is there already is no further one.
  expect((await mps.prepare(two, shareOf('a'))).env).toEqual(env);
});

test('says in one line why MPS does not come up, and leaves the GPU as it was', async () => {
  const fake = createFakeMps({ FAKE_MPS_BROKEN: '1' });
  const mps = fake.sharing();
  await expect(mps.prepare(gpu, shareOf('a'))).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringMatching(/^GPU-fake: .*did not come up.*could not be initialized$/),
  });
  expect(fake.computeMode()).toBe('Default');
});

test('warns and goes on where the compute mode may not be changed', async () => {
  const fake = createFakeMps({ FAKE_SMI_DENIED: '1' });
  const mps = fake.sharing();
  const { env } = await mps.prepare(gpu, shareOf('a'));
  expect((await fake.client(env)).opened).toBe('ok');
  expect(fake.logged.filter(({ level }) => level === 40)).toMatchObject([
    { msg: expect.stringContaining('EXCLUSIVE_PROCESS is not permitted') },
  ]);
});

test('tells what a lease uses over all its processes, each of them within its own limit', async () => {
  const fake = createFakeMps();
  const mps = fake.sharing();
  const share = shareOf('a', { memoryMib: 1000 });
  const { env } = await mps.prepare(gpu, share);
  const first = await fake.client(env);
  const second = await fake.client(env);
  const other = await fake.client((await mps.prepare(gpu, shareOf('b'))).env);
  expect(await mps.usedMib(gpu, share, [first.pid, second.pid])).toBe(0);
  expect(await first.tell('allocate 700')).toBe('ok');
  expect(await first.tell('child allocate 200')).toBe('ok');
  expect(await second.tell('allocate 600')).toBe('ok');
  expect(await other.tell('allocate 400')).toBe('ok');
  expect(await mps.usedMib(gpu, share, [first.pid, second.pid])).toBe(1500);
  expect(await mps.usedMib(fakeGpu('MIG-unknown'), share, [first.pid])).toBeNull();
});
