import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { readHostResources } from '../../../workers/devices/hostResources.ts';
import { writeFakeSysfs } from '../../support/fakeSysfs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const root = temporaryFolder('sysfs');

test('a host offers the CPUs that its affinity allows, and no more memory than it has', async () => {
  const files = await writeFakeSysfs(root, { allowed: '0-2,7', nodes: ['0-7'] });
  const { cpuMilli, memoryMib } = readHostResources(files);
  expect(cpuMilli).toBe(4000);
  expect(Number.isInteger(memoryMib)).toBe(true);
  expect(memoryMib).toBeGreaterThan(0);
  expect(memoryMib).toBeLessThanOrEqual(totalmem() / 2 ** 20);
});
