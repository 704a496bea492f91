import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { createJobFiles } from '../../activities/backfill/jobFiles.ts';
import { describeModel } from '../../activities/embeddings/describeModel.ts';
import { openSource } from '../../activities/sources/openSource.ts';
import type { EmbedPageInput } from '../../workflows/contracts/backfill/pages.ts';
import type { BackfillRequest } from '../../workflows/contracts/backfill/request.ts';
import { baseRequest } from '../support/backfill/pageRig.ts';
import { deviceRig, leaseOf } from '../support/deviceRig.ts';
import { isRunning } from '../support/isRunning.ts';
import { folderForTest } from '../support/modelFolder.ts';
import { tinyModel } from '../support/tinyModel.ts';

/** Pages on a device: real source, splitter, bridge, cache and files. */

const timeout = 300_000;
const lease = leaseOf(1);

async function setUp() {
  const rig = await deviceRig();
  const modelPath = await tinyModel();
  const location = join(await folderForTest(), 'corpus.jsonl');
  const lines = Array.from({ length: 12 }, (_, n) =>
    JSON.stringify({
      id: `r${n}`,
      text: `Record ${n % 10}. ${'Tides and pilots. '.repeat(2 * n)}`,
    }),
  );
  await writeFile(location, [...lines, '{"id": "e", "text": " "}', ''].join('\n'));
  const source = { ...baseRequest.source, location };
  const request: BackfillRequest = { ...baseRequest, source, pageRecords: 8 };
  const opened = await openSource(source, { allowed: [], env: {} });
  const scratch = await folderForTest();
  const plan = await opened.plan({ partitionRecords: 100, maxPartitions: 1, scratch });
  await opened.close();
  const plain = { pooling: null, normalize: null, dimensions: null };
  const { embedding } = await describeModel(modelPath, plain);
  const input = (jobId: string, more: Partial<EmbedPageInput> = {}): EmbedPageInput => {
    const [partition] = plan.partitions;
    if (partition === undefined) throw new Error('the source has no partition');
    return {
      jobId,
      request,
      embedding: { ...embedding, contentDigest: 'ab'.repeat(32) },
      artifact: 'tiny@sha256:00',
      lease,
      modelPath,
      partition,
      page: 0,
      cursor: null,
      ...more,
    };
  };
  return { ...rig, input, newJob: () => randomBytes(16).toString('hex') };
}

test('vectors come from the bridge once, and from the cache ever after', { timeout }, async () => {
  const { device, bridge, paths, started, input, newJob } = await setUp();
  const jobId = newJob();
  const first = await device.embedPage(input(jobId));
  expect(first).toMatchObject({ records: 8, reused: 0, failed: {} });
  expect(first.embedded).toBe(first.chunks);
  expect(first.chunks).toBeGreaterThan(8);
  const { next } = first;
  const last = await device.embedPage(input(jobId, { page: 1, cursor: next }));
  expect(last).toMatchObject({ records: 4, next: null, failed: { 'empty-text': 1 } });
  expect(started).toHaveLength(1);
  expect(await readdir(join(paths.pages(jobId), 'texts'))).toEqual([]);

  await bridge.clear(lease);
  const again = newJob();
  const reused = await device.embedPage(input(again, { lease: leaseOf(2) }));
  expect(reused).toMatchObject({ records: 8, chunks: first.chunks, embedded: 0, next });
  expect(started).toHaveLength(1);
  const files = createJobFiles(paths);
  const key = { partition: 0, page: 0 };
  expect(await files.readPage(again, key)).toEqual(await files.readPage(jobId, key));
  for (const { chunks } of (await files.readPage(again, key)).records) {
    for (const { vector } of chunks) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  }
});

test('a lease that was lost embeds nothing', { timeout }, async () => {
  const { device, bridge, started, input, newJob } = await setUp();
  await bridge.clear(lease);
  await expect(device.embedPage(input(newJob()))).rejects.toMatchObject({ type: 'LeaseFenced' });
  const homeless = device.embedPage(input(newJob(), { lease: null, modelPath: null }));
  await expect(homeless).rejects.toMatchObject({ type: 'InvalidRequest' });
  expect(started).toEqual([]);
});

test('a cancellation ends the bridge; another attempt makes the page', { timeout }, async () => {
  const { device, bridge, paths, input, newJob } = await setUp();
  const { pid } = await bridge.use(lease);
  process.kill(pid, 'SIGSTOP');
  const jobId = newJob();
  const environment = new MockActivityEnvironment();
  environment.on('heartbeat', () => {
    // The texts are on their way to a bridge that does not answer.
    if (existsSync(join(paths.pages(jobId), 'texts'))) environment.cancel();
  });
  const running = environment.run(() => device.embedPage(input(jobId)));
  await expect(running).rejects.toThrow(/CANCELLED/i);
  const result = await device.embedPage(input(jobId));
  expect(result).toMatchObject({ records: 8, reused: 0 });
  expect(isRunning(pid)).toBe(false);
});
