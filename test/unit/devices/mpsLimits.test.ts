import { expect, test } from 'vitest';
import {
  checkShare,
  limitCommands,
  shareEnvironment,
} from '../../../workers/devices/sharing/mpsLimits.ts';
import { shareOf } from '../../support/fakeMps/shares.ts';

test('rounds a client’s compute down to whole percents, but never to none', () => {
  const percentage = (milli: number) =>
    shareEnvironment('GPU-1', shareOf('a', { milli }), '/p').CUDA_MPS_ACTIVE_THREAD_PERCENTAGE;
  expect([1, 9, 10, 19, 255, 999].map(percentage)).toEqual(['1', '1', '1', '1', '25', '99']);
});

test('never gives a client more memory than its share', () => {
  const { CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: limit } = shareEnvironment(
    'GPU-1',
    shareOf('a', { memoryMib: 2047.9 }),
    '/p',
  );
  expect(limit).toBe('0=2047M');
});

test('limits servers to come, and those at work, to the largest share', () => {
  const shares = [
    shareOf('a', { milli: 100, memoryMib: 4000 }),
    shareOf('b', { milli: 500, memoryMib: 2000 }),
  ];
  expect(limitCommands(shares, [77])).toEqual([
    'set_default_device_pinned_mem_limit 0 4000M',
    'set_default_active_thread_percentage 50',
    'set_device_pinned_mem_limit 77 0 4000M',
    'set_active_thread_percentage 77 50',
  ]);
  expect(limitCommands([], [77])).toEqual([]);
});

test('refuses parts that MPS cannot lend', () => {
  const refuse = (deviceId: string, share: Parameters<typeof shareOf>[1]) => () =>
    checkShare('cuda0', deviceId, shareOf('a', share));
  const typed = (type: string) => expect.objectContaining({ type });
  expect(refuse('MIG-1', { milli: 500 })).toThrow(typed('NoSuchDevice'));
  expect(refuse('GPU-1', { milli: 1000 })).toThrow(typed('InvalidRequest'));
  expect(refuse('GPU-1', { milli: 0 })).toThrow(typed('InvalidRequest'));
  expect(refuse('GPU-1', { memoryMib: 0 })).toThrow(typed('InvalidRequest'));
  expect(refuse('GPU-1', {})).not.toThrow();
});
