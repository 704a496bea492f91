import { chmod, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createKeyfileProvider,
  keyfilePath,
} from '../../../activities/artifacts/keys/keyfileProvider.ts';
import type { KeyProvider } from '../../../activities/artifacts/keys/keyProvider.ts';
import { decodeWraps, encodeWraps, openDataKey } from '../../../activities/artifacts/keys/wraps.ts';
import { canonicalJson } from '../../../activities/artifacts/signing/canonicalJson.ts';
import {
  loadSigningKey,
  signingKeyPath,
} from '../../../activities/artifacts/signing/signingKey.ts';
import { createTrust } from '../../../activities/artifacts/signing/trust.ts';

const artifactId = '0123456789abcdef0123456789abcdef';
const dataKey = Buffer.alloc(32, 7);
let folder: string;
let provider: KeyProvider;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-keys-'));
  provider = createKeyfileProvider(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const open = (bytes: Uint8Array) => openDataKey([provider], 'wraps.json', artifactId, bytes);

test('makes a key file of 32 bytes, closed to others, once', async () => {
  const ids = await Promise.all([provider.kekId(), provider.kekId(), provider.kekId()]);
  expect(new Set(ids).size).toBe(1);
  const found = await stat(keyfilePath(folder));
  expect(found.mode & 0o777).toBe(0o600);
  expect(found.size).toBe(32);
  expect(ids[0]).not.toContain((await readFile(keyfilePath(folder))).toString('hex').slice(0, 16));
});

test('unwraps what it wrapped, with a new nonce each time', async () => {
  const first = await encodeWraps([provider], artifactId, dataKey);
  const second = await encodeWraps([provider], artifactId, dataKey);
  expect(await open(first)).toEqual(dataKey);
  expect(decodeWraps('w', first, artifactId)[0]?.iv).not.toBe(
    decodeWraps('w', second, artifactId)[0]?.iv,
  );
});

test('binds a wrap to its artifact', async () => {
  const other = 'f'.repeat(32);
  const bytes = await encodeWraps([provider], other, dataKey);
  await expect(open(bytes)).rejects.toThrow(/wraps\.json: holds the wraps of artifact f+/);
  const renamed = Buffer.from(bytes.toString().replace(other, artifactId));
  await expect(open(renamed)).rejects.toMatchObject({
    type: 'ArtifactCorrupt',
    message: expect.stringContaining('wraps.json'),
  });
});

test('refuses any altered byte of the wraps', async () => {
  const bytes = await encodeWraps([provider], artifactId, dataKey);
  for (let i = 0; i < bytes.length; i += 1) {
    const altered = Buffer.from(bytes);
    altered[i] = (altered[i] ?? 0) ^ 1;
    await expect(open(altered), `byte ${i}`).rejects.toThrow(/^wraps\.json: /);
  }
});

test('any one of several wraps opens', async () => {
  const { name: _, ...rest } = provider;
  const lost: KeyProvider = { name: 'lost', ...rest };
  const bytes = await encodeWraps([lost, provider], artifactId, dataKey);
  expect(await open(bytes)).toEqual(dataKey);
});

test('names a wrong key file, and both key ids', async () => {
  const bytes = await encodeWraps([provider], artifactId, dataKey);
  await writeFile(keyfilePath(folder), Buffer.alloc(32, 1));
  await expect(open(bytes)).rejects.toMatchObject({
    type: 'KeyUnavailable',
    message: expect.stringMatching(/keyfile\.kek holds key [0-9a-f]{32}, but .* [0-9a-f]{32};/),
  });
});

test('never makes a new key in order to unwrap', async () => {
  const bytes = await encodeWraps([provider], artifactId, dataKey);
  await rm(keyfilePath(folder));
  await expect(open(bytes)).rejects.toThrow(/keyfile\.kek is missing; restore it/);
  await expect(stat(keyfilePath(folder))).rejects.toThrow('ENOENT');
});

test.each([0o640, 0o604, 0o660, 0o644])('refuses a key file of mode %o', async (mode) => {
  await provider.kekId();
  await chmod(keyfilePath(folder), mode);
  await expect(provider.kekId()).rejects.toMatchObject({
    type: 'KeyUnavailable',
    message: expect.stringMatching(/keyfile\.kek has mode 0\d+, others may read it; expected 0600/),
  });
});

test('refuses a key file of the wrong length, and a symlink', async () => {
  await provider.kekId();
  const path = keyfilePath(folder);
  await rename(path, `${path}.real`);
  await symlink(`${path}.real`, path);
  await expect(provider.kekId()).rejects.toThrow(/is a symbolic link/);
  await rm(path);
  await writeFile(path, Buffer.alloc(31), { mode: 0o600 });
  await expect(provider.kekId()).rejects.toThrow(/holds 31 bytes, expected 32/);
});

test('makes the signing key once, pins its public half, and refuses a readable one', async () => {
  const trust = createTrust(join(folder, 'trust'));
  const key = await loadSigningKey(folder, trust);
  expect((await loadSigningKey(folder, trust)).keyid).toBe(key.keyid);
  expect(await trust.find(key.keyid)).toBeDefined();
  expect(await readFile(trust.path(key.keyid), 'utf8')).toBe(key.publicKeyPem);
  expect((await stat(signingKeyPath(folder))).mode & 0o777).toBe(0o600);
  await chmod(signingKeyPath(folder), 0o644);
  await expect(loadSigningKey(folder, trust)).rejects.toThrow(/signing\.pem has mode 0644/);
});

test('a key file that is no P-256 key is refused without quoting it', async () => {
  const trust = createTrust(join(folder, 'trust'));
  await writeFile(signingKeyPath(folder), 'topsecret', { mode: 0o600 });
  await expect(loadSigningKey(folder, trust)).rejects.toThrow(/no ECDSA P-256 private key/);
  await expect(loadSigningKey(folder, trust)).rejects.not.toThrow(/topsecret/);
});

test('a wraps file that is not in canonical form is refused', async () => {
  const bytes = await encodeWraps([provider], artifactId, dataKey);
  const spaced = Buffer.from(JSON.stringify(JSON.parse(bytes.toString()), null, 1));
  await expect(open(spaced)).rejects.toThrow(/no canonical list of wraps/);
  const extended = { ...JSON.parse(bytes.toString()), note: 1 };
  await expect(open(Buffer.from(canonicalJson(extended)))).rejects.toThrow(/no canonical list/);
});

test('makes no new key file beside artifacts that need the lost one', async () => {
  const guarded = createKeyfileProvider(folder, async () => false);
  await expect(guarded.kekId()).rejects.toThrow(/is missing, though the store holds artifacts/);
  await provider.kekId();
  await expect(guarded.kekId()).resolves.toMatch(/^[0-9a-f]{32}$/);
});
