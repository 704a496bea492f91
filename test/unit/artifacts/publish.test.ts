import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { discardArtifact } from '../../../activities/artifacts/publish/discard.ts';
import type { PublishStep } from '../../../activities/artifacts/publish/publish.ts';
import { createWork } from '../../../activities/artifacts/work.ts';
import { writeJsonAtomic } from '../../../activities/platform/atomicFile.ts';
import { type ArtifactHome, createArtifactHome, sampleFiles } from '../../support/artifactHome.ts';

let home: ArtifactHome;
beforeEach(async () => {
  home = await createArtifactHome();
});
afterEach(() => home.remove());

test('publishes a model that resolves by name, by tag and by digest', async () => {
  const files = sampleFiles();
  const published = await home.ingest(files, { tag: 'v1' });
  const { catalogue } = home.artifacts;
  const byTag = await catalogue.resolve('acme/mini:v1');
  expect(byTag.digest).toBe(published.digest);
  expect(byTag.record).toMatchObject({ sequence: 1, digest: published.digest });
  expect(byTag.manifest.files.map(({ path }) => path).sort()).toEqual(Object.keys(files).sort());
  const byDigest = await catalogue.resolve(`acme/mini@sha256:${published.digest}`);
  expect(byDigest.manifest).toEqual(byTag.manifest);
  expect(published.modelBytes).toBe(Object.values(files).reduce((sum, b) => sum + b.length, 0));
  await expect(catalogue.resolve('acme/mini')).rejects.toMatchObject({ type: 'ArtifactNotFound' });
});

test('records which Berth made a version, and every dropped tensor and file left out', async () => {
  const artifactId = await home.stage(sampleFiles());
  const droppedTensors = Array.from({ length: 500 }, (_, index) => `layer.${index}.position_ids`);
  await writeJsonAtomic(home.paths.staging(artifactId).modules, {
    ...{ architecture: 'BertModel', kind: 'encoder', dtype: 'float32', weights: [] },
    ...{ droppedTensors, skippedModules: [], doubleQuant: false, tools: {} },
  });
  await home.publish(artifactId);
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  expect(manifest.source.droppedTensors).toEqual(droppedTensors);
  expect(manifest.source.leftOut).toEqual(['pytorch_model.bin']);
  expect(manifest.tools.berth).toMatch(/^\d+\.\d+\.\d+/);
});

test('records the version that the tag named before as the parent', async () => {
  const first = await home.ingest(sampleFiles(100));
  const second = await home.ingest(sampleFiles(100));
  const { manifest, record } = await home.artifacts.catalogue.resolve('acme/mini');
  expect(manifest.parent).toBe(first.contentDigest);
  expect(record?.sequence).toBe(2);
  expect(second.sequence).toBe(2);
});

const steps: PublishStep[] = [
  'signed',
  'blobsMoved',
  'wrapsWritten',
  'manifestWritten',
  'tagMoved',
  'candidateAdopted',
  'stagingRemoved',
];

test.each(steps)('a retry after a crash at %s publishes the same digest, once', async (step) => {
  const artifactId = await home.stage(sampleFiles());
  await home.artifacts.candidates.open(artifactId, createWork());
  let signed: string | undefined;
  const crash = (reached: PublishStep) => {
    if (reached === step) throw new Error(`crashed after ${step}`);
  };
  await expect(home.publish(artifactId, { onStep: crash })).rejects.toThrow('crashed');
  const digests = await readdir(home.paths.store.manifests).catch(() => []);
  if (digests.length > 0) signed = digests[0]?.replace('.json', '');
  const published = await home.publish(artifactId);
  const again = await home.publish(artifactId);
  expect(signed ?? published.digest).toBe(published.digest);
  expect(again).toMatchObject({ digest: published.digest, sequence: 1 });
  const { record, manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  expect(record).toMatchObject({ digest: published.digest, sequence: 1 });
  expect(await readdir(home.paths.store.manifests)).toHaveLength(1);
  expect(await readdir(home.paths.store.stagingRoot)).toEqual([]);
  expect(await readdir(home.paths.candidatesRoot)).toEqual([]);
  expect(existsSync(home.paths.model(manifest.contentDigest))).toBe(true);
});

test.each(steps)('discarding after a crash at %s leaves all of it or nothing', async (step) => {
  const artifactId = await home.stage(sampleFiles(1000));
  const crash = (reached: PublishStep) => {
    if (reached === step) throw new Error(`crashed after ${step}`);
  };
  await expect(home.publish(artifactId, { onStep: crash })).rejects.toThrow('crashed');
  const { discardArtifact } = await import('../../../activities/artifacts/publish/discard.ts');
  await discardArtifact(home.artifacts, artifactId);
  await discardArtifact(home.artifacts, artifactId);
  const { store, tags } = home.artifacts;
  const isTagged = (await tags.read({ name: 'acme/mini', tag: 'latest' })) !== undefined;
  expect(isTagged).toBe(steps.indexOf(step) >= steps.indexOf('tagMoved'));
  const kept = isTagged ? 1 : 0;
  expect(await store.manifests.list()).toHaveLength(kept);
  expect(await store.wraps.list()).toHaveLength(kept);
  expect(await store.blobs.artifacts()).toHaveLength(kept);
  expect(await readdir(home.paths.store.stagingRoot)).toEqual([]);
});

test.each(['publish', 'discard'] as const)(
  '%s again removes staging that a crash left moved aside',
  async (how) => {
    const artifactId = await home.stage(sampleFiles());
    await home.publish(artifactId);
    const aside = join(home.paths.store.stagingRoot, `.${artifactId}.0123456789ab.partial`);
    await mkdir(join(aside, 'sealed'), { recursive: true });
    if (how === 'publish') await home.publish(artifactId);
    else await discardArtifact(home.artifacts, artifactId);
    expect(await readdir(home.paths.store.stagingRoot)).toEqual([]);
  },
);

test('refuses to publish while a planned file is not sealed', async () => {
  const artifactId = await home.stage({ 'config.json': Buffer.from('{}') });
  const { plan } = home.paths.staging(artifactId);
  const { writeJsonAtomic } = await import('../../../activities/platform/atomicFile.ts');
  const planned = JSON.parse(await readFile(plan, 'utf8'));
  planned.carried.push({ path: 'tokenizer.json', realPath: '/x' });
  await writeJsonAtomic(plan, planned);
  await expect(home.publish(artifactId)).rejects.toThrow(/tokenizer\.json was never sealed/);
});

test('concurrent publications of two artifacts both land, one after the other', async () => {
  const ids = await Promise.all([home.stage(sampleFiles(10)), home.stage(sampleFiles(20))]);
  const results = await Promise.all(ids.map((id) => home.publish(id)));
  expect(results.map(({ sequence }) => sequence).sort()).toEqual([1, 2]);
});

test('publishing again mends a tag that was altered, and goes on counting', async () => {
  await home.ingest(sampleFiles(10));
  const { writeFile } = await import('node:fs/promises');
  await writeFile(home.paths.store.tag('acme/mini', 'latest'), 'nonsense');
  await expect(home.artifacts.catalogue.resolve('acme/mini')).rejects.toMatchObject({
    type: 'SignatureInvalid',
  });
  const second = await home.ingest(sampleFiles(10));
  expect(second.sequence).toBe(2);
});
