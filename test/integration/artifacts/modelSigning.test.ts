import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootDigest } from '../../../activities/artifacts/oms/resources.ts';
import { verifyOmsBundle } from '../../../activities/artifacts/oms/verifyBundle.ts';
import { openModel } from '../../../activities/artifacts/openModel.ts';
import { listFiles } from '../../../activities/artifacts/plaintext/folder.ts';
import { loadSigningKey } from '../../../activities/artifacts/signing/signingKey.ts';
import { createWork } from '../../../activities/artifacts/work.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { type ArtifactHome, createArtifactHome } from '../../support/artifactHome.ts';

const run = promisify(execFile);
const python = findPython();

/** Names that sort differently by component, by string and by UTF-16 unit. */
const files = {
  'config.json': Buffer.from('{}'),
  'model.safetensors': Buffer.alloc(200_000, 5),
  'a/b.json': Buffer.from('in a folder'),
  'a.json': Buffer.from('beside it'),
  'a-b.json': Buffer.from('dash'),
  'ｚ.txt': Buffer.from('above the surrogates'),
  '😀.txt': Buffer.from('a surrogate pair'),
  empty: Buffer.alloc(0),
};

let home: ArtifactHome;
let contentDigest: string;
let warmed: string;
let publicKey: string;
beforeAll(async () => {
  home = await createArtifactHome();
  contentDigest = (await home.ingest(files)).contentDigest;
  const { manifest } = await home.artifacts.catalogue.resolve('acme/mini');
  const work = createWork();
  const open = (folder: string) => openModel(home.artifacts, manifest, folder, work);
  const options = { pin: false, lock: false };
  warmed = (await home.artifacts.warmCopies.warm(manifest, options, open, work)).path;
  const key = await loadSigningKey(home.paths.keys, home.artifacts.trust);
  publicKey = home.artifacts.trust.path(key.keyid);
});
afterAll(() => home.remove());

/** Runs the library's own command. */
async function verifyKey(folder: string, key = publicKey): Promise<string> {
  const signature = join(folder, 'model.sig');
  const options = ['--signature', signature, '--public_key', key];
  const args = ['-m', 'model_signing', 'verify', 'key', folder, ...options];
  const { stdout, stderr } = await run(python, args);
  return stdout + stderr;
}

async function copyOf(name: string): Promise<string> {
  const folder = join(home.root, name);
  await cp(warmed, folder, { recursive: true });
  for (const path of ['', 'a']) await chmod(join(folder, path), 0o700);
  await chmod(join(folder, 'config.json'), 0o600);
  return folder;
}

test('model_signing accepts the warmed folder', async () => {
  expect(await verifyKey(warmed)).toContain('Verification succeeded');
});

test('model_signing rejects a tampered and an extra file', async () => {
  const tampered = await copyOf('tampered');
  await writeFile(join(tampered, 'config.json'), '{ }');
  await expect(verifyKey(tampered)).rejects.toThrow(/Hash mismatch for 'config\.json'/);
  const extended = await copyOf('extended');
  await writeFile(join(extended, 'extra.bin'), 'x');
  await expect(verifyKey(extended)).rejects.toThrow(/Extra files found/);
});

describe.each([
  ['prime256v1', 'files'],
  ['secp384r1', 'files'],
  ['secp521r1', 'files'],
  ['prime256v1', 'shards'],
])('a folder that model_signing signed on %s by %s', (curve, method) => {
  let folder: string;
  let pem: string;
  let tree: { path: string; sha256: string; bytes: number }[];
  let bundle: unknown;

  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const hashRange = async (path: string, start: number, end: number) =>
    hash((await readFile(join(folder, path))).subarray(start, end));
  const check = (changes: Partial<Parameters<typeof verifyOmsBundle>[0]> = {}) =>
    verifyOmsBundle({ bundle, publicKeyPem: pem, files: tree, hashRange, ...changes });

  beforeAll(async () => {
    folder = join(home.root, `${curve}-${method}`);
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    const key = `${folder}.key.pem`;
    await run('openssl', ['ecparam', '-name', curve, '-genkey', '-noout', '-out', key]);
    pem = (await run('openssl', ['ec', '-in', key, '-pubout'])).stdout;
    const script = `
import sys, pathlib, model_signing
folder, key, method = sys.argv[1:]
hashing = model_signing.hashing.Config()
if method == 'shards':
    hashing.use_shard_serialization(shard_size=70_000)
signature = pathlib.Path(folder) / 'model.sig'
hashing.set_ignored_paths(paths=[signature])
signer = model_signing.signing.Config().use_elliptic_key_signer(private_key=pathlib.Path(key))
signer.set_hashing_config(hashing).sign(pathlib.Path(folder), signature)
`;
    await run(python, ['-c', script, folder, key, method]);
    bundle = JSON.parse(await readFile(join(folder, 'model.sig'), 'utf8'));
    tree = [];
    for (const { path, bytes } of await listFiles(folder)) {
      if (path === 'model.sig') continue;
      tree.push({ path, bytes, sha256: hash(await readFile(join(folder, path))) });
    }
  });

  test('verifies, and has the root digest that we call contentDigest', async () => {
    await expect(check()).resolves.toBeUndefined();
    expect(rootDigest(tree)).toBe(contentDigest);
    const { payload } = (bundle as { dsseEnvelope: { payload: string } }).dsseEnvelope;
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString());
    // Over shards the root is another one.
    if (method === 'files') expect(statement.subject[0].digest.sha256).toBe(contentDigest);
  });

  test('is refused when a file differs, is not listed or is missing', async () => {
    const others = tree.filter(({ path }) => path !== 'model.safetensors');
    const refused = (text: RegExp) => ({
      type: 'SourceSignatureInvalid',
      message: expect.stringMatching(text),
    });
    const extra = { path: 'extra.bin', bytes: 1, sha256: hash(Buffer.from('x')) };
    await expect(check({ files: [...tree, extra] })).rejects.toMatchObject(
      refused(/^extra\.bin: is not listed/),
    );
    await expect(check({ files: others })).rejects.toMatchObject(
      refused(/^model\.safetensors: is listed in the signature, but missing/),
    );
    await expect(check({ files: others, complete: false })).resolves.toBeUndefined();
    const altered = { path: 'model.safetensors', bytes: 200_000, sha256: hash(Buffer.from('y')) };
    const asked = method === 'files' ? {} : { hashRange: async () => hash(Buffer.from('y')) };
    await expect(check({ files: [altered, ...others], ...asked })).rejects.toMatchObject(
      refused(/^model\.safetensors: .*was signed/),
    );
    const shorter = { ...altered, bytes: 199_999 };
    await expect(check({ files: [...others, shorter] })).rejects.toMatchObject(
      refused(/^model\.safetensors: /),
    );
  });

  test('is refused when the bundle was altered or another key is given', async () => {
    const altered = structuredClone(bundle) as { dsseEnvelope: { payload: string } };
    const payload = Buffer.from(altered.dsseEnvelope.payload, 'base64').toString();
    altered.dsseEnvelope.payload = Buffer.from(payload.replace('a-b.json', 'a-c.json')).toString(
      'base64',
    );
    await expect(check({ bundle: altered })).rejects.toThrow(/model\.sig: its signature does not/);
    const other = await readFile(publicKey, 'utf8');
    await expect(check({ publicKeyPem: other })).rejects.toThrow(/signed with key .*not with/);
    await expect(check({ publicKeyPem: 'nonsense' })).rejects.toThrow(/no PEM public key/);
    await expect(check({ bundle: { mediaType: 'x' } })).rejects.toThrow(/no OMS bundle/);
  });
});
