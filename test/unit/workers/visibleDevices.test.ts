import { expect, test } from 'vitest';
import { selectVisible } from '../../../workers/devices/visibleDevices.ts';

const gpus = [
  { index: 0, uuid: 'GPU-aa11', parentUuid: null },
  { index: 1, uuid: 'GPU-bb22', parentUuid: null },
  { index: 2, uuid: 'MIG-cc33', parentUuid: 'GPU-dd44' },
  { index: 2, uuid: 'MIG-ee55', parentUuid: 'GPU-dd44' },
];
const visible = (text: string | undefined) => selectVisible(gpus, text).map(({ uuid }) => uuid);

test('CUDA_VISIBLE_DEVICES selects by index or UUID prefix, in its order', () => {
  expect(visible(undefined)).toEqual(['GPU-aa11', 'GPU-bb22', 'MIG-cc33', 'MIG-ee55']);
  expect(visible('1,0')).toEqual(['GPU-bb22', 'GPU-aa11']);
  expect(visible('MIG-cc33, GPU-b')).toEqual(['MIG-cc33', 'GPU-bb22']);
});

test('empty means none, and the first unknown entry ends the list', () => {
  expect(visible('')).toEqual([]);
  expect(visible('-1')).toEqual([]);
  expect(visible('0,7,1')).toEqual(['GPU-aa11']);
});

test('a GPU in MIG mode stands for its instances', () => {
  expect(visible('2')).toEqual(['MIG-cc33', 'MIG-ee55']);
  expect(visible('GPU-dd44')).toEqual(['MIG-cc33', 'MIG-ee55']);
});
