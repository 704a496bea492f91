import { expect, test } from 'vitest';
import { commandEnvironment } from '../../../workers/commands/runner/commandEnvironment.ts';

const common = { leaseFile: '/run/lease.json', deviceIds: ['GPU-b', 'GPU-a'], restarts: 2 };

test('what binds the devices replaces the person’s own; the lease is described', () => {
  expect(
    commandEnvironment({
      ...common,
      own: { PATH: '/bin', CUDA_VISIBLE_DEVICES: '0', BERTH_RESTARTS: '9', NONE: undefined },
      prepared: { CUDA_VISIBLE_DEVICES: 'GPU-b,GPU-a', BERTH_LEASE: '/run/lease.json' },
    }),
  ).toEqual({
    PATH: '/bin',
    CUDA_VISIBLE_DEVICES: 'GPU-b,GPU-a',
    BERTH_LEASE: '/run/lease.json',
    BERTH_DEVICES_LEASED: 'GPU-b,GPU-a',
    BERTH_RESTARTS: '2',
  });
});

test('numbers of threads are the person’s, where they are set', () => {
  const prepared = { OMP_NUM_THREADS: '4', MKL_NUM_THREADS: '4' };
  const own = { OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '' };
  const env = commandEnvironment({ ...common, own, prepared });
  expect(env).toMatchObject({ OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '4' });
});
