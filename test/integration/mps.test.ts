import { expect, test } from 'vitest';
import { createFakeMps, fakeGpu, shareOf } from '../support/fakeMps/fakeMps.ts';
import { isRunning } from '../support/isRunning.ts';

/** mpsSharing as it is, against a fake MPS, NVML and nvidia-smi (test/support/fakeMps) in real processes. */
const gpu = fakeGpu();

test('gives a share its limits, and the server the largest of them', async () => {
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
  const first = await fake.client(env);
  expect(JSON.parse(await first.tell('limits'))).toEqual({ memory: 1000, percentage: 25 });
  expect(await first.tell('allocate 900')).toBe('ok');
  expect(await first.tell('allocate 101')).toBe('CUDA_ERROR_OUT_OF_MEMORY');
  expect(await first.tell('allocate 100')).toBe('ok');
});
