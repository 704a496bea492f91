import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { findPython } from '../../activities/platform/python.ts';
import { sampleMemory } from '../../scripts/bench/memorySampler.ts';
import { deviceRig, leaseOf } from '../support/deviceRig.ts';
import { folderForTest } from '../support/modelFolder.ts';

const megabyte = 1e6;

test('quantizing takes no more memory for tensors of 128 MB than for small ones', {
  timeout: 600_000,
}, async () => {
  const source = await folderForTest();
  const script = join(import.meta.dirname, '../support/bridge/wideModel.py');
  await execa(findPython(), [script, source]);
  const rig = await deviceRig();
  const lease = leaseOf(1);
  const { artifactId, plan } = await rig.prepare(source, {
    quantize: 'nf4',
    doubleQuant: true,
    shardBytes: 64 * 2 ** 20,
  });
  expect(plan.shards.length).toBeGreaterThan(2);
  const { pid } = await rig.bridge.use(lease);
  // The libraries are imported by now; what follows is the work itself.
  const memory = sampleMemory([pid], [rig.paths.scratch(artifactId)]);
  let largest = 0;
  for (const { index, file } of plan.shards) {
    await rig.device.quantizeShard({ artifactId, lease, index });
    const output = join(rig.paths.scratch(artifactId), file);
    largest = Math.max(largest, (await stat(output)).size);
    await rm(output);
  }
  expect(largest).toBeGreaterThan(130 * megabyte);
  expect(memory.stop() - memory.first - largest).toBeLessThan(150 * megabyte);
});
