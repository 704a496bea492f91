import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type ArtifactActivities,
  createArtifactActivities,
} from '../../../activities/artifacts/artifactActivities.ts';
import { createLogger } from '../../../activities/platform/logging.ts';
import {
  type ArtifactHome,
  createArtifactHome,
  publishInput,
  sampleFiles,
} from '../../support/artifactHome.ts';

let home: ArtifactHome;
let activities: ArtifactActivities;
const files = sampleFiles();
const bytes = Object.values(files).reduce((sum, each) => sum + each.length, 0);
beforeEach(async () => {
  home = await createArtifactHome();
  activities = createArtifactActivities({
    paths: home.paths,
    config: { shmBudget: undefined },
    logger: createLogger('test', 'fatal'),
    isOpen: async () => false,
  });
});
afterEach(() => home.remove());

test('takes a sealed model through candidate, publication, warming and removal', async () => {
  const artifactId = await home.stage(files);
  const candidate = await activities.openCandidate({ artifactId });
  expect(candidate).toMatchObject({ path: home.paths.candidate(artifactId), bytes });
  expect(await readFile(join(candidate.path, 'config.json'))).toEqual(files['config.json']);
  expect(await activities.openCandidate({ artifactId })).toMatchObject({ path: candidate.path });

  const published = await activities.publishArtifact(publishInput(artifactId));
  expect(published).toMatchObject({ sequence: 1, modelBytes: bytes });
  expect(existsSync(candidate.path)).toBe(false);

  const warmed = await activities.warmModel({ ref: 'acme/mini', pin: false, lock: false });
  expect(warmed).toMatchObject({
    path: home.paths.model(published.contentDigest),
    artifact: `acme/mini@sha256:${published.digest}`,
    contentDigest: published.contentDigest,
    bytes,
    residentBytes: bytes,
    reused: true,
  });
  expect(await activities.verifyModel('acme/mini')).toMatchObject({ ok: true, failures: [] });
  expect(await activities.tagModel('acme/mini', 'v1')).toMatchObject({ sequence: 1 });
  const directory = join(home.root, 'exported');
  expect(await activities.exportModel('acme/mini:v1', directory)).toMatchObject({ bytes });
  expect(await activities.evictModel('acme/mini')).toMatchObject({ evicted: true });
  expect(existsSync(warmed.path)).toBe(false);
  expect(await activities.removeModel('acme/mini', true)).toMatchObject({
    digest: published.digest,
  });
  expect(await activities.sweepStore()).toMatchObject({ staging: 0, blobs: 0, scratch: 0 });
});

test('discarding removes staging and candidate', async () => {
  const artifactId = await home.stage(files);
  const { path } = await activities.openCandidate({ artifactId });
  await activities.discardArtifact({ artifactId });
  await activities.discardArtifact({ artifactId });
  expect(existsSync(path)).toBe(false);
  expect(await readdir(home.paths.store.stagingRoot)).toEqual([]);
});

test('heartbeats its bytes', async () => {
  await home.ingest(files);
  const environment = new MockActivityEnvironment();
  const beats: { bytes: number; totalBytes: number }[] = [];
  environment.on('heartbeat', (beat) => beats.push(beat));
  await environment.run(activities.warmModel, { ref: 'acme/mini', pin: false, lock: false });
  expect(beats.at(-1)).toEqual({ bytes, totalBytes: bytes });
});

test('stops when the activity is cancelled, and leaves nothing', async () => {
  await home.ingest(files);
  const environment = new MockActivityEnvironment();
  environment.cancel('CANCELLED');
  const warming = environment.run(activities.warmModel, {
    ref: 'acme/mini',
    pin: false,
    lock: false,
  });
  await expect(warming).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(await readdir(home.paths.modelsRoot).catch(() => [])).toEqual([]);
});
