import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createCudaProvider } from '../../workers/devices/cudaProvider.ts';
import { createCudaSharing } from '../../workers/devices/sharing/cudaSharing.ts';
import { createFakeMps } from '../support/fakeMps/fakeMps.ts';
import { fakeGpu, shareOf } from '../support/fakeMps/shares.ts';
import { isRunning } from '../support/isRunning.ts';

/** Whole devices beside parts of them, against the fakes of mps.test.ts. */
const gpu = fakeGpu();
const whole = shareOf('whole', { milli: 1000, memoryMib: 80_000 });

function rig() {
  const fake = createFakeMps();
  const mps = fake.sharing();
  const provider = createCudaProvider({ logger: pino({ level: 'silent' }), env: fake.env });
  return { fake, cuda: createCudaSharing({ provider, mps, processes: fake.processes }) };
}

test('lends a whole GPU without MPS', async () => {
  const { fake, cuda } = rig();
  const { env, cores } = await cuda.prepare(gpu, whole);
  expect(env).toEqual({ CUDA_VISIBLE_DEVICES: 'GPU-fake', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
  expect(cores).toBe('0');
  const client = await fake.client(env);
  expect(await client.tell('allocate 70000')).toBe('ok');
  expect(await cuda.usedMib(gpu, whole, [client.pid])).toBe(70_000);
  await cuda.quiesce(gpu, whole, [client.pid]);
  await cuda.clear(gpu, whole);
  expect(await fake.started()).toEqual([]);
});

test('lends a MIG instance whole by its UUID, and refuses parts of it', async () => {
  const { cuda } = rig();
  const mig = fakeGpu('MIG-1a');
  const { env } = await cuda.prepare(mig, whole);
  expect(env.CUDA_VISIBLE_DEVICES).toBe('MIG-1a');
  await expect(cuda.prepare(mig, shareOf('part'))).rejects.toMatchObject({ type: 'NoSuchDevice' });
});

test('gives the GPU back from MPS before it is lent whole, once the shares are over', async () => {
  const { fake, cuda } = rig();
  const part = shareOf('part');
  const client = await fake.client((await cuda.prepare(gpu, part)).env);
  await expect(cuda.prepare(gpu, whole)).rejects.toMatchObject({
    type: 'NoDeviceFree',
    message: expect.stringContaining('asked for the whole GPU'),
  });
  await cuda.quiesce(gpu, part, [client.pid]);
  await client.kill();
  await cuda.clear(gpu, part);
  const { env } = await cuda.prepare(gpu, whole);
  expect((await fake.client(env)).opened).toBe('ok');
  expect(fake.computeMode()).toBe('Default');
  expect((await fake.started()).filter(isRunning)).toEqual([]);
});
