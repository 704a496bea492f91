import { existsSync } from 'node:fs';
import { appendFile, copyFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readHeader } from '../../../activities/ingest/safetensors/readHeader.ts';
import { ingestHost, ingestRequest } from '../../support/ingestHost.ts';
import { folderForTest, modelFolder, shardedFiles } from '../../support/modelFolder.ts';
import { openStaged } from '../../support/openStaged.ts';
import { float32, safetensorsFile } from '../../support/safetensorsFile.ts';
import { cannotMount, mountTmpfs } from '../../support/tmpfs.ts';

const artifactId = 'b'.repeat(32);
const shard = { artifactId, index: 0 };
const i64 = (values: bigint[]) => ({
  dtype: 'I64',
  shape: [values.length],
  data: new Uint8Array(BigInt64Array.from(values).buffer),
});

async function inspected(options: { source?: string; shardBytes?: number; shm?: string } = {}) {
  const source = options.source ?? (await modelFolder());
  const host = await ingestHost({ shm: options.shm });
  const request = ingestRequest(source, { shardBytes: options.shardBytes ?? 2 ** 20 });
  await host.activities.inspectSource({ artifactId, request, listingSha256: '' });
  const plan = await host.activities.planShards({ artifactId, request });
  const scratch = (name: string) => join(host.paths.scratch(artifactId), name);
  return { ...host, artifactId, source, request, plan, scratch };
}

describe('a job without quantization', () => {
  test('assembles, seals and carries; what is opened again is the model', async () => {
    const source = await modelFolder({
      'model.safetensors': safetensorsFile({
        mask: { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
        empty: { dtype: 'F16', shape: [0, 4], data: new Uint8Array() },
        b: float32([5, 3]),
        a: float32([7]),
        ids: i64([1n, -2n, 3n]),
      }),
      LICENSE: 'free',
      'x.py': 'left out',
    });
    const job = await inspected({ source });
    expect(job.plan).toMatchObject({ carriedFiles: 3, shards: [{ file: 'model.safetensors' }] });
    const made = await job.activities.assembleShard(shard);
    expect(made.bytes).toBeLessThanOrEqual(job.plan.shards[0]?.maxBytes ?? 0);
    const sealed = await job.activities.sealShard(shard);
    expect(sealed).toMatchObject({ files: 1, bytes: made.bytes });
    expect(await readdir(job.paths.scratch(artifactId))).toEqual([]);
    expect(await job.activities.sealCarriedFiles(job)).toMatchObject({ files: 3 });

    const opened = await folderForTest('/dev/shm');
    expect(await openStaged(job, artifactId, opened)).toEqual([
      'LICENSE',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
    for (const path of ['LICENSE', 'config.json', 'tokenizer.json']) {
      expect(await readFile(join(opened, path))).toEqual(await readFile(join(source, path)));
    }
    const file = join(opened, 'model.safetensors');
    const header = await readHeader(file, 'model.safetensors');
    expect(header.dataStart % 4096).toBe(0);
    expect(header.tensors.map(({ name }) => name)).toEqual(['ids', 'a', 'b', 'empty', 'mask']);
    const bytes = await readFile(file);
    const original = await readFile(join(source, 'model.safetensors'));
    const from = await readHeader(join(source, 'model.safetensors'), 'source');
    for (const { name, dtype, shape, offset, bytes: size } of header.tensors) {
      const before = from.tensors.find((tensor) => tensor.name === name);
      expect([dtype, shape, size]).toEqual([before?.dtype, before?.shape, before?.bytes]);
      const begin = before?.offset ?? 0;
      expect(bytes.subarray(offset, offset + size)).toEqual(original.subarray(begin, begin + size));
    }
  });

  test('cuts anew into shards with an index', async () => {
    const source = await modelFolder(shardedFiles());
    const job = await inspected({ source, shardBytes: 1 });
    const files = job.plan.shards.map(({ file }) => file);
    expect(files).toHaveLength(3);
    expect(job.plan.carriedFiles).toBe(3);
    await expect(job.activities.sealCarriedFiles(job)).rejects.toMatchObject({
      type: 'ScratchLost',
    });
    for (const { index } of job.plan.shards) {
      await job.activities.assembleShard({ artifactId, index });
      await job.activities.sealShard({ artifactId, index });
    }
    expect(await job.activities.sealCarriedFiles(job)).toMatchObject({ files: 3 });
    const opened = await folderForTest('/dev/shm');
    await openStaged(job, artifactId, opened);
    const text = await readFile(join(opened, 'model.safetensors.index.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({
      metadata: { total_size: 4 * 8 * 4 + 8 * 8 * 4 + 8 * 4 },
      weight_map: { 'a.weight': files[0], 'b.weight': files[1], 'b.bias': files[2] },
    });
    expect(await readdir(job.paths.scratch(artifactId))).toEqual([]);
  });
});

describe('every step may run again', () => {
  test('assembling replaces the file and clears what a killed attempt left', async () => {
    const job = await inspected();
    await job.activities.assembleShard(shard);
    const before = await readFile(job.scratch('model.safetensors'));
    await writeFile(job.scratch('.model.safetensors.0123456789ab.partial'), 'left over');
    await job.activities.assembleShard(shard);
    expect(await readFile(job.scratch('model.safetensors'))).toEqual(before);
    expect(await readdir(job.paths.scratch(artifactId))).toEqual(['model.safetensors']);
  });

  test('sealing finds its record, with the scratch gone or still there', async () => {
    const job = await inspected();
    await job.activities.assembleShard(shard);
    await copyFile(job.scratch('model.safetensors'), join(job.home, 'copy'));
    const { bytes } = await job.activities.sealShard(shard);
    expect(await job.activities.sealShard(shard)).toMatchObject({ bytes });
    await copyFile(join(job.home, 'copy'), job.scratch('model.safetensors'));
    expect(await job.activities.sealShard(shard)).toMatchObject({ bytes });
    expect(existsSync(job.scratch('model.safetensors'))).toBe(false);
    expect(await job.staging.sealedFiles(artifactId)).toHaveLength(1);
  });

  test('carrying files seals each once', async () => {
    const job = await inspected();
    await job.activities.sealCarriedFiles(job);
    const before = await job.staging.sealedFiles(artifactId);
    await job.activities.sealCarriedFiles(job);
    expect(await job.staging.sealedFiles(artifactId)).toEqual(before);
  });
});

describe('refused', () => {
  const changed = (file: string) => ({
    type: 'SourceChanged',
    message: expect.stringMatching(new RegExp(`^${file}: `)),
  });

  test('assembling from a source that was truncated or is gone', async () => {
    const job = await inspected();
    await truncate(join(job.source, 'model.safetensors'), 200);
    await expect(job.activities.assembleShard(shard)).rejects.toMatchObject(
      changed('model.safetensors'),
    );
    await rm(join(job.source, 'model.safetensors'));
    await expect(job.activities.assembleShard(shard)).rejects.toMatchObject(
      changed('model.safetensors'),
    );
    expect(await readdir(job.paths.scratch(artifactId))).toEqual([]);
  });

  test('carrying a file that changed', async () => {
    const job = await inspected();
    await appendFile(join(job.source, 'tokenizer.json'), ' ');
    await expect(job.activities.sealCarriedFiles(job)).rejects.toMatchObject(
      changed('tokenizer.json'),
    );
  });

  test('scratch on a disk', async () => {
    const job = await inspected({ shm: await folderForTest('/var/tmp') });
    await expect(job.activities.assembleShard(shard)).rejects.toMatchObject({
      type: 'NotWarmable',
    });
  });

  test('sealing what was never made', async () => {
    const job = await inspected();
    await expect(job.activities.sealShard(shard)).rejects.toMatchObject({
      type: 'ScratchLost',
      message: expect.stringMatching(/^model\.safetensors: its scratch .* is gone/),
    });
  });

  test('a shard that the plan does not have, and a job whose staging is gone', async () => {
    const job = await inspected();
    await expect(job.activities.assembleShard({ artifactId, index: 7 })).rejects.toMatchObject({
      type: 'InvalidRequest',
    });
    await rm(job.paths.staging(artifactId).root, { recursive: true });
    await expect(job.activities.planShards(job)).rejects.toThrowError(/staging was discarded/);
  });

  const a = float32([4]);
  const weight = float32([4, 8]);
  test.each([
    ['without a planned tensor', safetensorsFile({ 'a.bias': a }), /"a\.weight" is missing/],
    [
      'with another tensor',
      safetensorsFile({ 'a.weight': weight, 'a.bias': a, c: a }),
      /tensor "c" was not planned/,
    ],
    [
      'with another shape',
      safetensorsFile({ 'a.weight': float32([8, 4]), 'a.bias': a }),
      /"a\.weight" is F32 \[8,4\] of 128 bytes, planned was F32 \[4,8\]/,
    ],
    [
      'whose data are not on a page',
      safetensorsFile({ 'a.weight': weight, 'a.bias': a }),
      /data begin at byte \d+, expected a multiple of 4096/,
    ],
    ['that is broken', Buffer.from('x'.repeat(99)), /header length/],
  ])('a shard %s', async (_, bytes, message) => {
    const job = await inspected();
    await job.activities.assembleShard(shard);
    await writeFile(job.scratch('model.safetensors'), bytes);
    await expect(job.activities.sealShard(shard)).rejects.toMatchObject({
      type: 'InvalidSafetensors',
      message: expect.stringMatching(message),
    });
    expect(await job.staging.sealedFiles(artifactId)).toEqual([]);
  });
});

const tmpfs = mountTmpfs('size=64k');
describe.skipIf(tmpfs === undefined)(`full shared memory (${cannotMount})`, () => {
  test('is named, leaves nothing behind, and a retry works once there is room', async () => {
    const path = tmpfs?.path as string;
    try {
      const bytes = safetensorsFile({ w: float32([10_000]) });
      const source = await modelFolder({ 'model.safetensors': bytes });
      const job = await inspected({ source, shm: path });
      await writeFile(join(path, 'filler'), Buffer.alloc(40_000));
      await expect(job.activities.assembleShard(shard)).rejects.toMatchObject({
        type: 'OutOfSpace',
        message: expect.stringMatching(/no space left on its file system/),
      });
      expect(await readdir(job.paths.scratch(artifactId))).toEqual([]);
      await rm(join(path, 'filler'));
      await expect(job.activities.assembleShard(shard)).resolves.toMatchObject({ files: 1 });
    } finally {
      tmpfs?.unmount();
    }
  });
});
