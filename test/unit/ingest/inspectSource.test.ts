import { generateKeyPairSync } from 'node:crypto';
import { appendFile, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectionSchema } from '../../../activities/ingest/records.ts';
import { checkUnchanged } from '../../../activities/ingest/source/identity.ts';
import { listSource } from '../../../activities/ingest/source/listSource.ts';
import { ingestHost, ingestRequest } from '../../support/ingestHost.ts';
import { modelFolder, shardedFiles } from '../../support/modelFolder.ts';
import { sha256 } from '../../support/nativeFiles.ts';
import { float32, safetensorsFile } from '../../support/safetensorsFile.ts';

const artifactId = 'a'.repeat(32);

async function inspect(source: string, more: Parameters<typeof ingestRequest>[1] = {}) {
  const { activities, paths } = await ingestHost();
  const request = ingestRequest(source, more);
  const summary = await activities.inspectSource({ artifactId, request, listingSha256: '' });
  const text = await readFile(paths.staging(artifactId).inspection, 'utf8');
  return { summary, inspection: inspectionSchema.parse(JSON.parse(text)), activities, paths };
}

describe('an inspection', () => {
  test('holds every file with its digest and every tensor with its place', async () => {
    const source = await modelFolder({ ...shardedFiles(), 'x.py': '' });
    const { summary, inspection } = await inspect(source);
    expect(summary).toMatchObject({ files: 5, tensors: 3, leftOut: ['x.py'] });
    expect(inspection.files.map(({ path, role }) => [path, role])).toEqual([
      ['config.json', 'config'],
      ['model-00001-of-00002.safetensors', 'weights'],
      ['model-00002-of-00002.safetensors', 'weights'],
      ['model.safetensors.index.json', 'index'],
      ['tokenizer.json', 'carried'],
    ]);
    let bytes = 0;
    for (const { path, realPath, sha256: digest, identity } of inspection.files) {
      const content = await readFile(join(source, path));
      expect([realPath, digest, identity.size]).toEqual([
        join(source, path),
        sha256(content),
        content.length,
      ]);
      bytes += content.length;
    }
    expect([inspection.sourceBytes, summary.sourceBytes]).toEqual([bytes, bytes]);
    for (const { name, file, offset, bytes: size, shape } of inspection.tensors) {
      const content = await readFile(join(source, file));
      const expected = Buffer.from(float32(shape).data);
      expect(content.subarray(offset, offset + size).equals(expected), name).toBe(true);
    }
    await expect(checkUnchanged(inspection.files)).resolves.toBeUndefined();
  });

  test('may be repeated', async () => {
    const source = await modelFolder();
    const { activities, inspection, paths } = await inspect(source);
    const request = ingestRequest(source);
    await activities.inspectSource({ artifactId, request, listingSha256: '' });
    const again = await readFile(paths.staging(artifactId).inspection, 'utf8');
    expect(JSON.parse(again)).toEqual(inspection);
  });

  test('resumes: what an earlier attempt scanned is read again only if it changed', async () => {
    const source = await modelFolder(shardedFiles());
    const { activities, inspection, paths } = await inspect(source);
    const { scans } = paths.staging(artifactId);
    // A digest that only the record can have tells whose word the inspection took.
    for (const name of await readdir(scans)) {
      const record = JSON.parse(await readFile(join(scans, name), 'utf8'));
      await writeFile(join(scans, name), JSON.stringify({ ...record, sha256: 'recorded' }));
    }
    const changed = join(source, 'tokenizer.json');
    await writeFile(changed, '{"another": "tokenizer"}');
    const request = ingestRequest(source);
    await activities.inspectSource({ artifactId, request, listingSha256: '' });
    const again = JSON.parse(await readFile(paths.staging(artifactId).inspection, 'utf8'));
    expect(inspection.files.length).toBeGreaterThan(3);
    for (const file of again.files) {
      const read = file.path === 'tokenizer.json';
      expect(file.sha256, file.path).toBe(read ? sha256(await readFile(changed)) : 'recorded');
    }
  });

  test('names at most a hundred left-out files in its summary, and keeps all', async () => {
    const extra = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x${i}.txt`, '']));
    const { summary, inspection } = await inspect(await modelFolder(extra));
    expect(summary.leftOut).toHaveLength(101);
    expect(summary.leftOut.at(-1)).toBe('… and 50 more');
    expect(inspection.leftOut).toHaveLength(150);
  });
});

describe('an inspection is refused for', () => {
  const nan = (values: number[]) =>
    safetensorsFile({ ok: float32([2]), w: float32([2, 2], values) });

  test.each([
    ['NaN', [0, 1, Number.NaN, 0], 2],
    ['infinity', [0, 1, 2, Number.NEGATIVE_INFINITY], 3],
  ])('%s, naming file, tensor and element', async (_, values, element) => {
    const source = await modelFolder({ 'model.safetensors': nan(values) });
    await expect(inspect(source)).rejects.toMatchObject({
      type: 'NonFiniteTensor',
      message: `model.safetensors: tensor "w" (F32 [2,2]) holds NaN or infinity at element ${element}; expected finite weights, repair the model`,
      details: { file: 'model.safetensors', tensor: 'w', element },
    });
  });

  test.each([
    ['F16', 0x7c00],
    ['BF16', 0x7f80],
  ])('infinity in %s', async (dtype, bits) => {
    const data = new Uint8Array(Uint16Array.from([0, bits]).buffer);
    const bytes = safetensorsFile({ w: { dtype, shape: [2], data } });
    await expect(inspect(await modelFolder({ 'model.safetensors': bytes }))).rejects.toMatchObject({
      type: 'NonFiniteTensor',
      details: { element: 1 },
    });
  });

  test('NaN in the weights of a sentence-transformers module', async () => {
    const source = await modelFolder({
      'modules.json': '[{"path":"2_Dense","type":"sentence_transformers.models.Dense"}]',
      '2_Dense/config.json': '{}',
      '2_Dense/model.safetensors': nan([Number.NaN, 0, 0, 0]),
    });
    await expect(inspect(source)).rejects.toThrowError(/^2_Dense\/model\.safetensors: tensor "w"/);
  });

  test('a listing that differs from the one asked for, or lies outside BERTH_SOURCES', async () => {
    const source = await modelFolder();
    const { listingSha256 } = await listSource(source, { sources: [] });
    const request = ingestRequest(source);
    const { activities } = await ingestHost();
    await activities.inspectSource({ artifactId, request, listingSha256 });
    await utimes(join(source, 'tokenizer.json'), 1, 1);
    await expect(
      activities.inspectSource({ artifactId, request, listingSha256 }),
    ).rejects.toMatchObject({ type: 'SourceChanged' });
    const elsewhere = await ingestHost({ sources: [await modelFolder()] });
    await expect(
      elsewhere.activities.inspectSource({ artifactId, request, listingSha256 }),
    ).rejects.toMatchObject({ type: 'SourceNotAllowed' });
  });

  test('what --strict would leave out', async () => {
    const source = await modelFolder({ 'x.py': '' });
    await expect(inspect(source, { strict: true })).rejects.toMatchObject({ type: 'UnsafeSource' });
  });
});

describe('a file is no longer the same when', () => {
  const changes: [string, (path: string) => Promise<void>, RegExp][] = [
    ['it grows', (path) => appendFile(path, 'x'), /a\.txt: had 4 bytes and now has 5/],
    ['it is replaced', (path) => replace(path), /a\.txt: was replaced by another file/],
    ['it is rewritten', (path) => writeFile(path, 'abcd'), /a\.txt: was written to/],
    ['its time is set back', (path) => setBack(path), /a\.txt: was written to/],
    ['it is gone', (path) => rename(path, `${path}2`), /a\.txt: can no longer be read \(ENOENT\)/],
  ];
  const mtime = 1_000_000_000;
  const replace = async (path: string) => {
    await writeFile(`${path}2`, '1234');
    await rename(`${path}2`, path);
  };
  const setBack = async (path: string) => {
    await writeFile(path, 'abcd');
    await utimes(path, mtime, mtime);
  };

  test.each(changes)('%s', async (_, change, message) => {
    const source = await modelFolder({ 'vocab.txt': '1234' });
    await utimes(join(source, 'vocab.txt'), mtime, mtime);
    const { files } = await listSource(source, { sources: [] });
    const vocab = files.filter(({ path }) => path === 'vocab.txt');
    const known = vocab.map((file) => ({ ...file, path: 'a.txt' }));
    await expect(checkUnchanged(known)).resolves.toBeUndefined();
    await change(join(source, 'vocab.txt'));
    await expect(checkUnchanged(known)).rejects.toMatchObject({
      type: 'SourceChanged',
      message: expect.stringMatching(message),
    });
  });
});

test('a key that is no key is refused before anything is taken for signed', async () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const unsigned = await modelFolder();
  await expect(inspect(unsigned, { verifyKeyPem: pem })).rejects.toMatchObject({
    type: 'SourceSignatureInvalid',
    message: expect.stringMatching(/^model\.sig: is missing/),
  });
  const signed = await modelFolder({ 'model.sig': '{}' });
  await expect(inspect(signed, { verifyKeyPem: pem })).rejects.toMatchObject({
    type: 'SourceSignatureInvalid',
  });
});
