import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exportModel } from '../../../activities/artifacts/maintenance/exportModel.ts';
import { removeModel } from '../../../activities/artifacts/maintenance/removeModel.ts';
import { sweepStore } from '../../../activities/artifacts/maintenance/sweep.ts';
import { tagModel } from '../../../activities/artifacts/maintenance/tagModel.ts';
import { openModel } from '../../../activities/artifacts/openModel.ts';
import { createWork } from '../../../activities/artifacts/work.ts';
import { type ArtifactHome, createArtifactHome, sampleFiles } from '../../support/artifactHome.ts';

let home: ArtifactHome;
beforeEach(async () => {
  home = await createArtifactHome({ minimumResidencyMs: 0 });
});
afterEach(() => home.remove());

async function warm(ref: string): Promise<string> {
  const { manifest } = await home.artifacts.catalogue.resolve(ref);
  const work = createWork();
  const open = (folder: string) => openModel(home.artifacts, manifest, folder, work);
  const options = { pin: false, lock: false };
  return (await home.artifacts.warmCopies.warm(manifest, options, open, work)).path;
}

async function exportTo(directory: string, options?: { isRetry?: boolean }) {
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  return exportModel(home.artifacts, manifest, directory, createWork(), options);
}

test('exports a plain folder with its signature, readable as the umask allows', async () => {
  const files = sampleFiles();
  await home.ingest(files);
  const directory = join(home.root, 'out', 'model');
  const exported = await exportTo(directory);
  expect(exported).toMatchObject({ directory, files: 5 });
  for (const [name, bytes] of Object.entries(files)) {
    expect((await readFile(join(directory, name))).equals(bytes), name).toBe(true);
  }
  expect(existsSync(join(directory, 'model.sig'))).toBe(true);
  const mode = (await stat(join(directory, 'config.json'))).mode & 0o777;
  expect(mode).toBe(0o666 & ~process.umask());
  expect(await readdir(join(home.root, 'out'))).toEqual(['model']);
});

test('exports into an empty folder, never into one that holds something', async () => {
  await home.ingest(sampleFiles(100));
  const directory = join(home.root, 'out');
  await mkdir(directory);
  await exportTo(directory);
  await expect(exportTo(directory)).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringContaining('no empty folder'),
  });
  // Only the retry of an export that was complete may find its own work.
  await expect(exportTo(directory, { isRetry: true })).resolves.toMatchObject({ files: 5 });
  await writeFile(join(directory, 'extra'), '');
  await expect(exportTo(directory, { isRetry: true })).rejects.toThrow(/no empty folder/);
  await expect(exportTo('relative')).rejects.toThrow(/expected an absolute path/);
});

test('says at once that nothing can be exported to a place where no folder can be made', async () => {
  await home.ingest(sampleFiles(100));
  const file = join(home.root, 'file');
  await writeFile(file, '');
  for (const directory of [join(file, 'model'), join(file, 'deeper', 'model'), '/proc/model']) {
    await expect(exportTo(directory)).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringMatching(/^\/.*: cannot be made \(E[A-Z]+\); name a folder/),
    });
  }
});

test('a failing export leaves nothing in the clear', async () => {
  const { digest } = await home.ingest(sampleFiles(100));
  const { manifest } = await home.artifacts.catalogue.resolve(`acme/mini@sha256:${digest}`);
  const blob = manifest.files.find(({ path }) => path === 'model.safetensors')?.blob ?? '';
  const path = home.artifacts.store.blobs.locate(manifest.artifactId, blob);
  const bytes = await readFile(path);
  bytes[90] = (bytes[90] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await mkdir(join(home.root, 'out'));
  await expect(exportTo(join(home.root, 'out', 'model'))).rejects.toMatchObject({
    type: 'ArtifactCorrupt',
  });
  expect(await readdir(join(home.root, 'out'))).toEqual([]);
});

test('tags point at versions, back and forth, with growing sequences', async () => {
  const first = await home.ingest(sampleFiles(10));
  await home.ingest(sampleFiles(20));
  const back = await tagModel(home.artifacts, `acme/mini@sha256:${first.digest}`, 'latest');
  expect(back).toMatchObject({ digest: first.digest, sequence: 3 });
  expect(await tagModel(home.artifacts, 'acme/mini', 'latest')).toEqual(back);
  expect(await tagModel(home.artifacts, 'acme/mini', 'stable')).toMatchObject({ sequence: 1 });
  await expect(tagModel(home.artifacts, 'acme/mini', 'No Tag')).rejects.toMatchObject({
    type: 'InvalidRequest',
  });
});

test('removing refuses while other tags name the version, and names them', async () => {
  await home.ingest(sampleFiles(10));
  await tagModel(home.artifacts, 'acme/mini', 'stable');
  await expect(removeModel(home.artifacts, 'acme/mini', false)).rejects.toMatchObject({
    type: 'ModelInUse',
    message: expect.stringContaining('acme/mini:stable'),
  });
  const removed = await removeModel(home.artifacts, 'acme/mini', true);
  expect(removed.tags.sort()).toEqual(['acme/mini:latest', 'acme/mini:stable']);
  expect(await home.artifacts.catalogue.list()).toEqual([]);
});

test('removing erases keys, blobs, manifest and warm copy, and tags go on counting', async () => {
  const first = await home.ingest(sampleFiles(10));
  const path = await warm('acme/mini');
  const removed = await removeModel(home.artifacts, 'acme/mini', false);
  expect(removed).toMatchObject({ digest: first.digest });
  expect(removed.freedBytes).toBe(first.storedBytes);
  const { store } = home.artifacts;
  expect(await store.wraps.list()).toEqual([]);
  expect(await store.blobs.artifacts()).toEqual([]);
  expect(await store.manifests.list()).toEqual([]);
  expect(existsSync(path)).toBe(false);
  expect((await home.ingest(sampleFiles(10))).sequence).toBe(2);
});

test('the tag of a removed model that somebody puts back is refused', async () => {
  await home.ingest(sampleFiles(10));
  const tag = home.paths.store.tag('acme/mini', 'latest');
  const old = await readFile(tag);
  await removeModel(home.artifacts, 'acme/mini', false);
  await writeFile(tag, old);
  await expect(home.artifacts.catalogue.resolve('acme/mini')).rejects.toMatchObject({
    type: 'RollbackDetected',
  });
});

test('a removal that was cut off before its last tag is finished by a retry', async () => {
  const { digest } = await home.ingest(sampleFiles(10));
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  const { store } = home.artifacts;
  await store.wraps.remove(manifest.artifactId);
  await store.blobs.remove(manifest.artifactId);
  await store.manifests.remove(digest);
  expect(await removeModel(home.artifacts, 'acme/mini', false)).toMatchObject({ digest });
  expect(await home.artifacts.catalogue.list()).toEqual([]);
});

test('a warm copy stays while another version has the same content', async () => {
  const files = sampleFiles(10);
  await home.ingest(files, { tag: 'a' });
  await home.ingest(files, { tag: 'b' });
  const path = await warm('acme/mini:a');
  await removeModel(home.artifacts, 'acme/mini:a', false);
  expect(existsSync(path)).toBe(true);
  await removeModel(home.artifacts, 'acme/mini:b', false);
  expect(existsSync(path)).toBe(false);
});

const sweep = (options: { isOpen?: (id: string) => boolean; graceMs?: number } = {}) =>
  sweepStore({
    ...home.artifacts,
    isOpen: async (id) => options.isOpen?.(id) ?? false,
    graceMs: options.graceMs ?? 0,
  });

test('sweep removes what ended jobs left, and nothing of open, young or published ones', async () => {
  await home.ingest(sampleFiles(10));
  const path = await warm('acme/mini');
  const [ended, open] = [await home.stage(sampleFiles(10)), await home.stage(sampleFiles(10))];
  await home.artifacts.candidates.open(ended, createWork());
  await mkdir(home.paths.scratch('e'.repeat(32)), { recursive: true });
  expect(await sweep({ graceMs: 60_000 })).toMatchObject({ staging: 0, scratch: 0, blobs: 0 });
  const swept = await sweep({ isOpen: (id) => id === open });
  expect(swept).toMatchObject({ staging: 1, scratch: 1, blobs: 0 });
  expect(swept.freedBytes).toBeGreaterThan(0);
  expect(await readdir(home.paths.store.stagingRoot)).toEqual([open]);
  expect(await readdir(home.paths.candidatesRoot)).toEqual([]);
  expect(existsSync(path)).toBe(true);
  expect((await home.publish(open)).sequence).toBe(2);
});

test('sweep removes orphaned blobs and half-written files', async () => {
  const artifactId = await home.stage(sampleFiles(10));
  const crash = (step: string) => {
    if (step === 'wrapsWritten') throw new Error('crashed');
  };
  await expect(home.publish(artifactId, { onStep: crash })).rejects.toThrow('crashed');
  const { removeStaging } = await import('../../../activities/artifacts/staging/removeStaging.ts');
  await removeStaging(home.paths, artifactId);
  const half = join(home.paths.store.wrapsRoot, '.x.json.0123.partial');
  await writeFile(half, 'half');
  expect(await sweep()).toMatchObject({ blobs: 1 });
  expect(await home.artifacts.store.blobs.artifacts()).toEqual([]);
  expect(await home.artifacts.store.wraps.list()).toEqual([]);
  expect(existsSync(half)).toBe(false);
});

test('sweep keeps every blob while a manifest does not verify', async () => {
  const { digest } = await home.ingest(sampleFiles(10));
  const original = await readFile(home.paths.store.manifest(digest));
  await writeFile(home.paths.store.manifest(digest), 'damaged');
  expect(await sweep()).toMatchObject({ blobs: 0 });
  await writeFile(home.paths.store.manifest(digest), original);
  await warm('acme/mini');
});

test('the listing shows what is broken beside what is not', async () => {
  await home.ingest(sampleFiles(10), { tag: 'good' });
  await home.ingest(sampleFiles(10), { tag: 'bad' });
  await writeFile(home.paths.store.tag('acme/mini', 'bad'), '{}');
  const entries = await home.artifacts.catalogue.list();
  expect(entries).toEqual([
    { name: 'acme/mini', tag: 'bad', problem: expect.stringContaining('bad.json: no canonical') },
    expect.objectContaining({ tag: 'good', manifest: expect.anything() }),
  ]);
});
