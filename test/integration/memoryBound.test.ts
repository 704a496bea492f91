import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPaths } from '../../activities/platform/paths.ts';
import { writeSyntheticLlama } from '../../scripts/bench/ingesting/plainScript.ts';
import {
  beforeGate,
  peakOf,
  quantizing,
  type StackSample,
  sampleStack,
} from '../../scripts/bench/ingesting/stackMemory.ts';
import type { ModelDetails } from '../../workers/client/index.ts';
import { requireStack } from '../../workers/supervisor/stack.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/**
 * While a real model is quantized in a real stack, worker and bridge with their private and shared
 * memory, and the shards in scratch, take no more than 1.5 GB and one shard beyond idle, however
 * large the model is.
 */

const megabyte = 1e6;
const models = { small: 300 * megabyte, large: 900 * megabyte };
const work = temporaryFolder('memory-bound');
const calibration = join(work, 'calibration.txt');

let stack: TestStack;

beforeAll(async () => {
  const cores = Math.min(2, availableParallelism());
  stack = await startTestStack({ BERTH_DEVICES: cores > 1 ? '0-1' : '0' });
  await writeFile(calibration, 'a ship lies at the quay\n');
});
afterAll(() => stack?.stop());

/** Samples of the whole ingest, and the largest shard's bytes. */
async function ingest(name: keyof typeof models) {
  const source = join(work, name);
  await writeSyntheticLlama(source, models[name]);
  const paths = createPaths(stack.home, stack.shm);
  const stopSampling = sampleStack(await requireStack(paths), paths);
  const options = ['--name', name, '--shard-size', '32MiB', '--calibration', calibration];
  await stack.json('ingest', source, ...options).finally(stopSampling);
  const samples = stopSampling();
  await rm(source, { recursive: true });
  const { manifest } = await stack.json<ModelDetails>('show', name);
  const shards = manifest.files.filter(({ path }) => path.endsWith('.safetensors'));
  return { samples, shard: Math.max(...shards.map(({ plaintextBytes }) => plaintextBytes)) };
}

test('the quantize stage takes at most 1.5 GB beyond idle and one shard, whatever the size', {
  timeout: 600_000,
}, async () => {
  const runs = { small: await ingest('small'), large: await ingest('large') };
  // No bridge runs before the first job: that is idle.
  const idle = quantizing(runs.small.samples[0] as StackSample);
  expect(runs.small.samples[0]).toMatchObject({ bridge: 0, scratch: 0 });

  const extra = ({ samples, shard }: (typeof runs)['small']) => {
    const stage = beforeGate(samples);
    // It was looked at while it worked, and not only before and after.
    expect(stage.filter(({ bridge, scratch }) => bridge > 0 && scratch > 0).length).toBeGreaterThan(
      3,
    );
    expect(stage.length).toBeLessThan(samples.length);
    return (peakOf(stage, quantizing) - shard - idle) / megabyte;
  };
  const [small, large] = [extra(runs.small), extra(runs.large)];
  console.log(
    `beyond idle and one shard: ${small.toFixed(0)} MB, ${large.toFixed(0)} MB (3 × the size)`,
  );
  expect(small).toBeLessThan(1500);
  expect(large).toBeLessThan(1500);
  // Three times the model must not cost more than allocators and the sampling's chance.
  expect(large - small).toBeLessThan(200);
});
