import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Artifacts } from '../../../activities/artifacts/artifacts.ts';
import { openModel } from '../../../activities/artifacts/openModel.ts';
import { createWork } from '../../../activities/artifacts/work.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { type ArtifactHome, createArtifactHome, sampleFiles } from '../../support/artifactHome.ts';

const size = 2 ** 20;
let home: ArtifactHome;
beforeEach(async () => {
  home = await createArtifactHome({ minimumResidencyMs: 0 });
});
afterEach(() => home.remove());

async function warm(artifacts: Artifacts, ref: string, options = { pin: false, lock: false }) {
  const { manifest } = await artifacts.catalogue.resolve(ref);
  const work = createWork();
  const open = vi.fn((folder: string) => openModel(artifacts, manifest, folder, work));
  const result = await artifacts.warmCopies.warm(manifest, options, open, work);
  return { ...result, opened: open.mock.calls.length };
}

/** One file of weights, so that sizes are easy to reckon with. */
const weights = (bytes = size) => {
  const all = sampleFiles(bytes);
  return { 'model.safetensors': all['model.safetensors'] ?? Buffer.alloc(0) };
};

test('opens a model read-only under its content digest, byte for byte, with its signature', async () => {
  const files = sampleFiles();
  const { contentDigest } = await home.ingest(files);
  const { path, reused } = await warm(home.artifacts, 'acme/mini');
  expect(path).toBe(home.paths.model(contentDigest));
  expect(reused).toBe(false);
  for (const [name, bytes] of Object.entries(files)) {
    expect((await readFile(join(path, name))).equals(bytes), name).toBe(true);
    expect((await stat(join(path, name))).mode & 0o777).toBe(0o400);
  }
  expect((await stat(path)).mode & 0o777).toBe(0o500);
  expect((await stat(join(path, '1_Pooling'))).mode & 0o777).toBe(0o500);
  expect(JSON.parse(await readFile(join(path, 'model.sig'), 'utf8'))).toHaveProperty(
    'dsseEnvelope',
  );
});

test('a second warm shares the copy, also for another process and another version', async () => {
  const files = weights();
  await home.ingest(files, { tag: 'a' });
  await home.ingest(files, { name: 'acme/the-same-under-a-longer-name', tag: 'b' });
  const first = await warm(home.artifacts, 'acme/mini:a');
  expect(await warm(home.artifacts, 'acme/mini:a')).toMatchObject({ reused: true, opened: 0 });
  expect(await warm(home.reopen(), 'acme/the-same-under-a-longer-name:b')).toEqual({
    ...first,
    reused: true,
    opened: 0,
  });
});

test('concurrent warms of one model do the work once', async () => {
  await home.ingest(weights());
  const others = [home.artifacts, home.artifacts, home.reopen(), home.reopen()];
  const results = await Promise.all(others.map((artifacts) => warm(artifacts, 'acme/mini')));
  expect(results.reduce((sum, { opened }) => sum + opened, 0)).toBe(1);
  expect(results.filter(({ reused }) => !reused)).toHaveLength(1);
});

test('evicts the least recently used copies within the budget, never pinned ones', async () => {
  const artifacts = home.reopen({ shmBudget: 3 * size + 500_000 });
  for (const tag of ['a', 'b', 'c', 'd', 'e']) await home.ingest(weights(), { tag });
  await warm(artifacts, 'acme/mini:a', { pin: true, lock: false });
  await warm(artifacts, 'acme/mini:b');
  await warm(artifacts, 'acme/mini:c');
  await warm(artifacts, 'acme/mini:b');
  await warm(artifacts, 'acme/mini:d');
  const digestOf = async (tag: string) =>
    (await artifacts.catalogue.resolve(`acme/mini:${tag}`)).manifest.contentDigest;
  const there = async (tag: string) => existsSync(home.paths.model(await digestOf(tag)));
  expect(await Promise.all(['a', 'b', 'c', 'd'].map(there))).toEqual([true, true, false, true]);
  expect(Object.keys(await artifacts.warmCopies.list())).toHaveLength(3);
});

test('refuses with the numbers when nothing may be evicted', async () => {
  const artifacts = home.reopen({ shmBudget: 1.5 * size, minimumResidencyMs: 60_000 });
  await home.ingest(weights(), { tag: 'a' });
  await home.ingest(weights(), { tag: 'b' });
  const { path } = await warm(artifacts, 'acme/mini:a');
  await expect(warm(artifacts, 'acme/mini:b')).rejects.toMatchObject({
    type: 'NotWarmable',
    message: expect.stringMatching(/acme\/mini .*: needs 1048576 bytes.*budget of 1572864/),
  });
  expect(existsSync(path)).toBe(true);
  expect(await readdir(home.paths.modelsRoot)).toHaveLength(1);
});

test('a model larger than the budget is refused before anything is written', async () => {
  const artifacts = home.reopen({ shmBudget: 1000 });
  await home.ingest(weights());
  await expect(warm(artifacts, 'acme/mini')).rejects.toMatchObject({ type: 'NotWarmable' });
  expect(await readdir(home.paths.modelsRoot)).toEqual([]);
});

test('evict removes the copy, and says when there was none', async () => {
  const { contentDigest } = await home.ingest(weights());
  const { path } = await warm(home.artifacts, 'acme/mini');
  const evicted = await home.artifacts.warmCopies.evict(contentDigest);
  expect(evicted).toMatchObject({ evicted: true, stillMappedBytes: 0 });
  expect(evicted.bytes).toBeGreaterThan(size);
  expect(existsSync(path)).toBe(false);
  expect(await home.artifacts.warmCopies.evict(contentDigest)).toMatchObject({ evicted: false });
});

test('finds its way after a crash: half-made copies go, unknown ones are taken over', async () => {
  const { contentDigest } = await home.ingest(weights());
  await warm(home.artifacts, 'acme/mini');
  const partial = join(home.paths.modelsRoot, `.${'a'.repeat(64)}.0123.partial`);
  await mkdir(join(partial, 'x'), { recursive: true });
  await writeFile(home.paths.warmIndex, '{"copies": damaged');
  const after = home.reopen();
  expect(await warm(after, 'acme/mini')).toMatchObject({ reused: true });
  expect(existsSync(partial)).toBe(false);
  expect(Object.keys(await after.warmCopies.list())).toEqual([contentDigest]);
});

test('forgets copies that a reboot took, and makes them again', async () => {
  const { contentDigest } = await home.ingest(weights());
  await warm(home.artifacts, 'acme/mini');
  const { removeTree } = await import('../../../activities/artifacts/plaintext/folder.ts');
  await removeTree(home.paths.modelsRoot);
  expect(await warm(home.reopen(), 'acme/mini')).toMatchObject({ reused: false });
  expect(existsSync(home.paths.model(contentDigest))).toBe(true);
});

test('replaces a copy that lost a file', async () => {
  await home.ingest(sampleFiles());
  const { path } = await warm(home.artifacts, 'acme/mini');
  const { chmod, rm } = await import('node:fs/promises');
  await chmod(path, 0o700);
  await rm(join(path, 'config.json'));
  expect(await warm(home.artifacts, 'acme/mini')).toMatchObject({ reused: false });
  expect(existsSync(join(path, 'config.json'))).toBe(true);
});

test('refuses a folder that is not in shared memory, for warm copies and candidates', async () => {
  const { createArtifacts } = await import('../../../activities/artifacts/artifacts.ts');
  await home.ingest(weights());
  const staged = await home.stage(weights());
  const paths = createPaths(home.paths.home, join(home.root, 'on-disk'));
  const { logger } = home.artifacts;
  const artifacts = createArtifacts({ paths, config: { shmBudget: undefined }, logger });
  const refusal = { type: 'NotWarmable', message: expect.stringContaining('point BERTH_SHM at') };
  await expect(warm(artifacts, 'acme/mini')).rejects.toMatchObject(refusal);
  await expect(artifacts.candidates.open(staged, createWork())).rejects.toMatchObject(refusal);
  expect(await readdir(join(home.root, 'on-disk', 'models'))).toEqual([]);
});

test('cancelling leaves no half-made copy', async () => {
  await home.ingest(weights(8 * size));
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  const work = createWork();
  const opening = home.artifacts.warmCopies.warm(
    manifest,
    { pin: false, lock: false },
    async (folder) => {
      work.cancel();
      await openModel(home.artifacts, manifest, folder, work);
    },
    work,
  );
  await expect(opening).rejects.toThrow();
  expect(await readdir(home.paths.modelsRoot)).toEqual([]);
  expect(await warm(home.artifacts, 'acme/mini')).toMatchObject({ reused: false });
});

test('locks a copy in memory until it is evicted', async () => {
  const { contentDigest } = await home.ingest(weights(100_000));
  const locked = async () =>
    Number(/VmLck:\s+(\d+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1]);
  const before = await locked();
  await warm(home.artifacts, 'acme/mini', { pin: false, lock: true });
  expect(await locked()).toBeGreaterThan(before);
  await home.artifacts.warmCopies.evict(contentDigest);
  expect(await locked()).toBe(before);
});
