import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveIngest } from '../../../workers/client/ingestFiles.ts';
import { checkIngestOptions, type IngestOptions } from '../../../workers/client/ingestOptions.ts';
import { hashIngestInput } from '../../../workers/client/requestHash.ts';

let folder: string;
let source: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-client-'));
  source = join(folder, 'model');
  await mkdir(source);
  await writeFile(join(source, 'config.json'), '{}');
  await writeFile(join(source, 'model.safetensors'), 'only names and sizes are looked at');
});

afterEach(() => rm(folder, { recursive: true }));

const resolveOptions = (options: Partial<IngestOptions> = {}) =>
  resolveIngest(checkIngestOptions({ source, name: 'minilm', ...options }), []);

const write = async (name: string, text: string) => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};

describe('resolveIngest', () => {
  it('makes the request, with absolute paths and nothing undefined', async () => {
    const calibration = await write('text.txt', 'one sentence');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const verifyKey = await write('pub.pem', pem);
    const input = await resolveOptions({ calibration, verifyKey, shardSize: '1GiB' });
    expect(input.request).toEqual({
      source,
      name: 'minilm',
      tag: 'latest',
      quantize: 'nf4',
      doubleQuant: false,
      shardBytes: 2 ** 30,
      gate: {},
      calibration,
      verifyKeyPem: pem,
      strict: false,
    });
    expect(Object.values((await resolveOptions()).request)).not.toContain(undefined);

    // A private key would be readable by everybody who can read the workflow's input.
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(resolveOptions({ verifyKey: await write('key.pem', secret) })).rejects.toThrow(
      /holds a private key/,
    );
  });

  it.each([
    ['calibration', { calibration: '/no/such/text' }, /^calibration .*: expected a text file/],
    ['calibration', { calibration: '.' }, /^calibration .*: expected a text file/],
    ['key', { verifyKey: '/no/such/key' }, /^verify key .*: expected a PEM file/],
    ['source', { source: '/no/such/model' }, /^\/no\/such\/model: does not exist/],
  ])('names a bad %s', async (_, options, message) => {
    await expect(resolveOptions(options)).rejects.toThrow(message);
  });

  it('refuses a verify key that is none', async () => {
    const verifyKey = await write('pub.pem', 'not a key');
    await expect(resolveOptions({ verifyKey })).rejects.toThrow(
      /expected a public key in PEM form/,
    );
  });
});

describe('hashIngestInput', () => {
  const hash = async (options?: Partial<IngestOptions>) =>
    hashIngestInput({ ...(await resolveOptions(options)), hostId: 'h' });

  it('is the same for the same request, however it is written', async () => {
    const first = await hash({ shardSize: '512MiB', quantize: 'nf4', tag: undefined });
    const { team, listingSha256, request } = await resolveOptions();
    const reversed = Object.fromEntries(Object.entries(request).reverse()) as typeof request;
    expect(hashIngestInput({ hostId: 'h', request: reversed, listingSha256, team })).toBe(first);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
  });

  it('changes with every option and with the source', async () => {
    const hashes = [
      await hash(),
      await hash({ quantize: 'int8' }),
      await hash({ shardSize: '1GiB' }),
      await hash({ gate: { minCosine: 0.5 } }),
      await hash({ strict: true }),
    ];
    await utimes(join(source, 'config.json'), 1, 1);
    hashes.push(await hash());
    await writeFile(join(source, 'vocab.txt'), 'a');
    hashes.push(await hash());
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('stays what it was, as it is part of workflow ids', () => {
    const request = {
      source: '/m',
      name: 'minilm',
      tag: 'latest',
      quantize: 'nf4' as const,
      doubleQuant: false,
      shardBytes: 1024,
      gate: {},
      strict: false,
    };
    expect(hashIngestInput({ request, hostId: 'h', listingSha256: '', team: 'default' })).toBe(
      '1a3dd79341a60b0932da0bc8f7614e9dfbb54a31448df878045b43c81d278221',
    );
  });
});
