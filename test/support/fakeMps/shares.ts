import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import type { DeviceShare } from '../../../workers/devices/deviceSharing.ts';

export const fakeGpu = (deviceId = 'GPU-fake'): DeviceRecord => ({
  deviceId,
  kind: 'cuda',
  label: 'cuda0',
  model: 'Fake GPU',
  taskQueue: `device.${deviceId}`,
  cores: '0',
  numaNode: null,
  memoryBytes: 80 * 2 ** 30,
});

export const shareOf = (leaseId: string, share: Partial<DeviceShare> = {}): DeviceShare => ({
  leaseId,
  epoch: 1,
  milli: 250,
  memoryMib: 1000,
  trustDomain: 'nlp',
  ...share,
});
