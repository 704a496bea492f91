import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { openModel } from '../../../activities/artifacts/openModel.ts';
import { listFiles } from '../../../activities/artifacts/plaintext/folder.ts';
import { createWork } from '../../../activities/artifacts/work.ts';
import { type ArtifactHome, createArtifactHome, sampleFiles } from '../../support/artifactHome.ts';
import { cannotMount, mountTmpfs } from '../../support/tmpfs.ts';

const capacity = 8 * 2 ** 20;
const mounted = mountTmpfs(`size=${capacity}`);
const needsMount = mounted ? '' : ` (skipped: ${cannotMount})`;
const place = mounted?.path ?? '';
const filler = join(place, 'filler');
afterAll(() => mounted?.unmount());

let home: ArtifactHome;
beforeEach(async () => {
  if (!mounted) return;
  await rm(join(place, 'here'), { recursive: true, force: true });
  await rm(filler, { force: true });
});
afterEach(() => home?.remove());

/** Takes all the room but `left` bytes. */
async function fill(left: number): Promise<void> {
  const { spaceOf } = await import('../../../activities/artifacts/plaintext/sharedMemory.ts');
  const { freeBytes } = await spaceOf(place);
  await writeFile(filler, Buffer.alloc(Math.max(0, freeBytes - left)));
}

async function warm(beforeOpening = async () => {}) {
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  const work = createWork();
  const open = async (folder: string) => {
    await beforeOpening();
    await openModel(home.artifacts, manifest, folder, work);
  };
  return home.artifacts.warmCopies.warm(manifest, { pin: false, lock: false }, open, work);
}

const oneLine = (text: RegExp) => ({
  type: 'OutOfSpace',
  message: expect.stringMatching(new RegExp(`^[^\n]*${text.source}[^\n]*$`)),
});

test.skipIf(!mounted)(
  `full shared memory: warm says so, leaves nothing, and works later${needsMount}`,
  async () => {
    home = await createArtifactHome({ shm: join(place, 'here'), shmBudget: 2 ** 30 });
    await home.ingest(sampleFiles());
    await fill(2 ** 20);
    await expect(warm()).rejects.toMatchObject(
      oneLine(/acme\/mini.*needs \d+ bytes in .*free \d+/),
    );
    expect(await readdir(home.paths.modelsRoot)).toEqual([]);
    await rm(filler);
    expect(await warm()).toMatchObject({ reused: false });
  },
);

test.skipIf(!mounted)(`shared memory that fills up under way: the same${needsMount}`, async () => {
  home = await createArtifactHome({ shm: join(place, 'here'), shmBudget: 2 ** 30 });
  await home.ingest(sampleFiles());
  await expect(warm(() => fill(100_000))).rejects.toMatchObject(oneLine(/no space left/));
  expect(await readdir(home.paths.modelsRoot)).toEqual([]);
  await rm(filler);
  expect(await warm()).toMatchObject({ reused: false });
});

test.skipIf(!mounted)(
  `full shared memory: the candidate too, and publishing goes on without it${needsMount}`,
  async () => {
    home = await createArtifactHome({ shm: join(place, 'here'), shmBudget: 2 ** 30 });
    const artifactId = await home.stage(sampleFiles());
    await home.artifacts.warmCopies.heal();
    await rm(filler, { force: true });
    await expect(home.artifacts.candidates.open(artifactId, createWork())).resolves.toBeDefined();
    await home.artifacts.candidates.remove(artifactId);
    await fill(2 ** 20);
    await expect(home.artifacts.candidates.open(artifactId, createWork())).rejects.toMatchObject(
      oneLine(/candidate [0-9a-f]{32}.*needs/),
    );
    expect(await readdir(home.paths.candidatesRoot)).toEqual([]);
    expect((await home.publish(artifactId)).sequence).toBe(1);
  },
);

test.skipIf(!mounted)(
  `full disk: sealing says so, leaves no half blob, and works later${needsMount}`,
  async () => {
    home = await createArtifactHome({ home: join(place, 'here') });
    const artifactId = await home.stage({ 'config.json': Buffer.from('{}') });
    const input = join(home.root, 'model.safetensors');
    await writeFile(input, Buffer.alloc(3 * 2 ** 20));
    await fill(2 ** 20);
    const file = { path: 'model.safetensors', input };
    await expect(home.artifacts.staging.seal(artifactId, file)).rejects.toMatchObject(
      oneLine(/staging.*no space left/),
    );
    const { blobs } = home.paths.staging(artifactId);
    expect(await readdir(blobs)).toHaveLength(1);
    await rm(filler);
    await home.artifacts.staging.seal(artifactId, file);
    expect(await readdir(blobs)).toHaveLength(2);
  },
);

test.skipIf(!mounted)(
  `full disk: publishing says so, publishes nothing, and works later${needsMount}`,
  async () => {
    home = await createArtifactHome({ home: join(place, 'here') });
    const artifactId = await home.stage(sampleFiles(100_000));
    await fill(0);
    await expect(home.publish(artifactId)).rejects.toMatchObject(oneLine(/no space left/));
    await expect(home.artifacts.catalogue.resolve('acme/mini')).rejects.toMatchObject({
      type: 'ArtifactNotFound',
    });
    const partials = (await listFiles(home.paths.store.root)).filter(({ path }) =>
      path.endsWith('.partial'),
    );
    expect(partials).toEqual([]);
    await rm(filler);
    expect(await home.publish(artifactId)).toMatchObject({ sequence: 1 });
    await expect(warm()).resolves.toMatchObject({ reused: false });
  },
);

test.skipIf(!mounted)(`full disk: beginning a job says so${needsMount}`, async () => {
  home = await createArtifactHome({ home: join(place, 'here') });
  await fill(0);
  await expect(home.artifacts.staging.begin('d'.repeat(32))).rejects.toMatchObject(
    oneLine(/no space left/),
  );
  await rm(filler);
  await home.artifacts.staging.begin('d'.repeat(32));
});

test.skipIf(!mounted)(`full disk: an export says so and leaves nothing${needsMount}`, async () => {
  const { exportModel } = await import('../../../activities/artifacts/maintenance/exportModel.ts');
  home = await createArtifactHome();
  await home.ingest(sampleFiles());
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  await fill(2 ** 20);
  const directory = join(place, 'exported');
  const run = () => exportModel(home.artifacts, manifest, directory, createWork());
  await expect(run()).rejects.toMatchObject(oneLine(/no space left/));
  expect(await readdir(place)).toEqual(['filler']);
  await rm(filler);
  await run();
  expect((await readdir(directory)).length).toBeGreaterThan(3);
  await rm(directory, { recursive: true });
});
