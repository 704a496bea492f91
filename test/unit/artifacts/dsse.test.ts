import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  canonicalJson,
  parseCanonicalJson,
} from '../../../activities/artifacts/signing/canonicalJson.ts';
import { openEnvelope, signEnvelope } from '../../../activities/artifacts/signing/dsse.ts';
import { pae } from '../../../activities/artifacts/signing/pae.ts';
import {
  loadSigningKey,
  type SigningKey,
} from '../../../activities/artifacts/signing/signingKey.ts';
import { createTrust, type Trust } from '../../../activities/artifacts/signing/trust.ts';

const type = 'application/vnd.berth.test+json';
let folder: string;
let key: SigningKey;
let trust: Trust;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-dsse-'));
  trust = createTrust(join(folder, 'trust'));
  key = await loadSigningKey(join(folder, 'keys'), trust);
});
afterAll(() => rm(folder, { recursive: true }));

test('encodes as the DSSE specification does', () => {
  // The example of the protocol's specification, v1.
  const encoded = pae('http://example.com/HelloWorld', Buffer.from('hello world'));
  expect(encoded.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  expect(pae('é', Buffer.from('ü')).toString()).toBe('DSSEv1 2 é 2 ü');
});

test('canonical JSON matches RFC 8785: sorted by UTF-16 units, shortest numbers', () => {
  const value = { '\u20ac': 1, '\r': 2, '1': 3, '\ud83d\ude00': 4, '\ufb33': 5, é: 1e21, b: 0.1 };
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":3,"b":0.1,"é":1e+21,"€":1,"😀":4,"\ufb33":5}');
});

test.each([
  '{"a":1,"a":2}',
  '{"b":1,"a":2}',
  '{ "a":1}',
  '{"a":1.0}',
  '{"a":"\\u0041"}',
  '{"a":1}\n',
  '{"a":',
  `${'['.repeat(100_000)}`,
])('does not take %j for canonical', (text) => {
  expect(parseCanonicalJson(Buffer.from(text.slice(0, 100_000)))).toBeUndefined();
});

test('opens what it signed, whatever the value', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const opened = await openEnvelope('x', signEnvelope(type, { value }, key), type, trust);
      expect(canonicalJson(opened.value)).toBe(canonicalJson({ value }));
    }),
    { numRuns: 50 },
  );
});

test('refuses every flipped bit of a signed file', async () => {
  const bytes = signEnvelope(type, { name: 'model', files: [1, 2, 3] }, key);
  for (let i = 0; i < bytes.length; i += 1) {
    const altered = Buffer.from(bytes);
    altered[i] = (altered[i] ?? 0) ^ (1 << (i % 8));
    await expect(openEnvelope('tag.json', altered, type, trust), `byte ${i}`).rejects.toMatchObject(
      {
        type: 'SignatureInvalid',
        message: expect.stringMatching(/^tag\.json: [^\n]+$/),
      },
    );
  }
});

test('refuses another payload type, an unknown key and a second signature that fails', async () => {
  const bytes = signEnvelope(type, {}, key);
  await expect(openEnvelope('f', bytes, 'other', trust)).rejects.toThrow(/expected other/);
  const empty = createTrust(join(folder, 'empty'));
  await expect(openEnvelope('f', bytes, type, empty)).rejects.toThrow(/which is not pinned/);
  const envelope = JSON.parse(bytes.toString());
  envelope.signatures.push({ keyid: key.keyid, sig: 'AAAA' });
  const padded = Buffer.from(canonicalJson(envelope));
  await expect(openEnvelope('f', padded, type, trust)).rejects.toThrow(/does not verify/);
  envelope.signatures = [];
  const unsigned = Buffer.from(canonicalJson(envelope));
  await expect(openEnvelope('f', unsigned, type, trust)).rejects.toThrow(/no canonical DSSE/);
});

test('does not believe a pinned file that is not the key of its name', async () => {
  const bytes = signEnvelope(type, {}, key);
  const other = createTrust(join(folder, 'other'));
  const foreign = await loadSigningKey(join(folder, 'foreign'), other);
  await writeFile(other.path(key.keyid), foreign.publicKeyPem);
  await expect(openEnvelope('f', bytes, type, other)).rejects.toThrow(/which is not pinned/);
});
