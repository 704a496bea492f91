import {
  chmod,
  copyFile,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyfilePath } from '../../../activities/artifacts/keys/keyfileProvider.ts';
import { openModel } from '../../../activities/artifacts/openModel.ts';
import { listFiles } from '../../../activities/artifacts/plaintext/folder.ts';
import { verifyModel } from '../../../activities/artifacts/verify/verifyModel.ts';
import { createWork } from '../../../activities/artifacts/work.ts';
import { type ArtifactHome, createArtifactHome, sampleFiles } from '../../support/artifactHome.ts';

let home: ArtifactHome;
beforeEach(async () => {
  home = await createArtifactHome();
  await home.ingest(sampleFiles(5000));
});
afterEach(() => home.remove());

const verify = (ref = 'acme/mini') => verifyModel(home.artifacts, ref, createWork());

async function warm(ref = 'acme/mini') {
  const { manifest } = await home.artifacts.catalogue.resolve(ref);
  const work = createWork();
  const open = (folder: string) => openModel(home.artifacts, manifest, folder, work);
  return home.artifacts.warmCopies.warm(manifest, { pin: false, lock: false }, open, work);
}

/** Expects one-line failures that name a file, from verify and from warm, and no copy. */
async function expectDetected(file: RegExp, reason: RegExp, { byWarm = true } = {}): Promise<void> {
  const { ok, failures } = await verify();
  expect(ok).toBe(false);
  expect(failures.map((failure) => `${failure.file}: ${failure.reason}`)).toContainEqual(
    expect.stringMatching(new RegExp(`${file.source}.*${reason.source}`)),
  );
  for (const failure of failures) expect(`${failure.file}${failure.reason}`).not.toContain('\n');
  if (!byWarm) return;
  await expect(warm()).rejects.toMatchObject({
    name: 'BerthError',
    message: expect.stringMatching(
      new RegExp(`^[^\n]*${file.source}[^\n]*${reason.source}[^\n]*$`),
    ),
  });
  expect(await readdir(home.paths.modelsRoot).catch(() => [])).toEqual([]);
}

async function blobOf(path: string): Promise<string> {
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  const file = manifest.files.find((each) => each.path === path);
  return home.artifacts.store.blobs.locate(manifest.artifactId, file?.blob ?? '');
}

async function onlyFile(folder: string): Promise<string> {
  const [name = ''] = await readdir(folder);
  return join(folder, name);
}

test('a model as published verifies', async () => {
  expect(await verify()).toMatchObject({ ok: true, files: 4, failures: [] });
});

test('any flipped byte of anything stored is found by verify, and stops warm', async () => {
  const stored = await listFiles(home.paths.store.root);
  const flip = fc.record({ file: fc.nat(), offset: fc.nat(), bit: fc.nat(7) });
  await fc.assert(
    fc.asyncProperty(flip, async ({ file, offset, bit }) => {
      const { path, bytes } = stored[file % stored.length] ?? { path: '', bytes: 1 };
      const place = join(home.paths.store.root, path);
      const original = await readFile(place);
      const altered = Buffer.from(original);
      altered[offset % bytes] = (altered[offset % bytes] ?? 0) ^ (1 << bit);
      await writeFile(place, altered);
      try {
        expect((await verify()).ok, `verify of ${path}`).toBe(false);
        await expect(warm(), `warm of ${path}`).rejects.toMatchObject({ name: 'BerthError' });
      } finally {
        await writeFile(place, original);
      }
    }),
    { numRuns: 300 },
  );
  expect((await verify()).ok).toBe(true);
});

test('a truncated, an extended, a missing and an additional blob', async () => {
  const blob = await blobOf('model.safetensors');
  const original = await readFile(blob);
  await truncate(blob, original.length - 1);
  await expectDetected(/blobs.*model\.safetensors/, /it was truncated/);
  await writeFile(blob, Buffer.concat([original, Buffer.from('x')]));
  await expectDetected(/blobs.*model\.safetensors/, /it was extended/);
  await rm(blob);
  await expectDetected(/blobs.*model\.safetensors/, /it is missing/);
  await writeFile(blob, original);
  await writeFile(`${blob}0`, 'x');
  await expectDetected(/blobs.*/, /not in the manifest/, { byWarm: false });
});

test('blobs swapped within an artifact, and taken from another version', async () => {
  const [a, b] = [await blobOf('config.json'), await blobOf('1_Pooling/config.json')];
  await rename(a, `${a}.aside`);
  await copyFile(b, a);
  const size = (await readFile(`${a}.aside`)).length;
  // Of equal length, so that nothing but the associated data tells them apart.
  await writeFile(a, (await readFile(b)).subarray(0, size));
  await expectDetected(/blobs.*config\.json/, /(does not verify|truncated|extended)/);
  await rename(`${a}.aside`, a);
  const before = await blobOf('model.safetensors');
  const taken = await readFile(before);
  await home.ingest(sampleFiles(5000));
  await writeFile(await blobOf('model.safetensors'), taken);
  await expectDetected(/blobs.*model\.safetensors/, /header does not verify/);
});

test('a manifest altered, replaced by that of another version, or missing', async () => {
  const manifest = await onlyFile(home.paths.store.manifests);
  const original = await readFile(manifest, 'utf8');
  await writeFile(manifest, original.replace('"payload":"', '"payload": "'));
  await expectDetected(/manifests.*\.json/, /no canonical DSSE envelope/);
  await rm(manifest);
  await expectDetected(/manifests.*\.json/, /missing, though acme\/mini:latest names it/);
  await home.ingest(sampleFiles(5000), { tag: 'other' });
  await rename(await onlyFile(home.paths.store.manifests), manifest);
  await expectDetected(/manifests.*\.json/, /it was swapped/);
});

test('wraps swapped with those of another artifact, or missing', async () => {
  const wraps = await onlyFile(home.paths.store.wrapsRoot);
  const { digest } = await home.ingest(sampleFiles(5000), { tag: 'other' });
  const other = (await readdir(home.paths.store.wrapsRoot)).find((name) => !wraps.endsWith(name));
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  await copyFile(join(home.paths.store.wrapsRoot, other ?? ''), wraps);
  await expectDetected(/wraps.*\.json/, /holds the wraps of artifact .* it was swapped/);
  await rm(wraps);
  await expectDetected(/wraps.*\.json/, /missing/);
});

test('an old tag put back, a tag of another model, and a tag that is gone', async () => {
  const tag = home.paths.store.tag('acme/mini', 'latest');
  const old = await readFile(tag);
  await home.ingest(sampleFiles(5000));
  const current = await readFile(tag);
  await writeFile(tag, old);
  await expectDetected(/tags.*latest\.json/, /sequence 1, but this host has seen 2; an old tag/);
  await expect(home.reopen().catalogue.resolve('acme/mini')).rejects.toMatchObject({
    type: 'RollbackDetected',
  });
  await rm(tag);
  const { failures } = await verify();
  expect(failures).toEqual([
    { file: tag, reason: expect.stringMatching(/missing; this host has seen its sequence 2/) },
  ]);
  await writeFile(tag, current);
  await home.ingest(sampleFiles(5000), { name: 'acme/other' });
  await copyFile(home.paths.store.tag('acme/other', 'latest'), tag);
  await expectDetected(/tags.*latest\.json/, /holds the record of acme\/other:latest/);
});

test('a wrong, a missing and a readable key file', async () => {
  const key = keyfilePath(home.paths.keys);
  const original = await readFile(key);
  await chmod(key, 0o640);
  await expectDetected(/keyfile\.kek/, /has mode 0640, others may read it/);
  await chmod(key, 0o600);
  await writeFile(key, Buffer.alloc(32));
  await expectDetected(/keyfile\.kek/, /holds key [0-9a-f]+, but the data key is wrapped with/);
  await rm(key);
  await expectDetected(/keyfile\.kek/, /is missing; restore it from its backup/);
  await writeFile(key, original, { mode: 0o600 });
  expect((await verify()).ok).toBe(true);
});

test('lists every failure instead of stopping at the first', async () => {
  for (const path of ['config.json', 'model.safetensors', '1_Pooling/config.json']) {
    const blob = await blobOf(path);
    const bytes = await readFile(blob);
    bytes[80] = (bytes[80] ?? 0) ^ 1;
    await writeFile(blob, bytes);
  }
  await writeFile(home.paths.store.tag('acme/mini', 'broken'), '{}');
  const { failures } = await verify();
  expect(failures).toHaveLength(4);
});

test('what is signed by a key that nobody pinned is not believed', async () => {
  const stranger = await createArtifactHome();
  try {
    await stranger.ingest(sampleFiles(100));
    const tag = home.paths.store.tag('acme/mini', 'latest');
    await copyFile(stranger.paths.store.tag('acme/mini', 'latest'), tag);
    await expectDetected(/tags.*latest\.json/, /signed by key [0-9a-f]{64}, which is not pinned/);
  } finally {
    await stranger.remove();
  }
});

test('verify of a model that never was is bad input', async () => {
  await expect(verify('acme/none')).rejects.toMatchObject({ type: 'ArtifactNotFound' });
  await expect(verify('ACME')).rejects.toMatchObject({ type: 'InvalidRequest' });
});
