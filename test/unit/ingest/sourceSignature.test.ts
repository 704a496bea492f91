import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ingestHost, ingestRequest } from '../../support/ingestHost.ts';
import { modelFolder } from '../../support/modelFolder.ts';
import { signFolder } from '../../support/signedSource.ts';

const signed = ['config.json', 'model.safetensors', 'tokenizer.json'];

async function inspect(source: string, verifyKeyPem: string) {
  const { activities } = await ingestHost();
  const request = ingestRequest(source, { verifyKeyPem });
  return activities.inspectSource({ artifactId: 'a'.repeat(32), request, listingSha256: '' });
}

const invalid = (message: RegExp) => ({
  type: 'SourceSignatureInvalid',
  message: expect.stringMatching(message),
});

describe.each([
  ['whole files', undefined],
  ['shards of 100 bytes', 100],
])('a signature over %s', (_, shardBytes) => {
  test('verifies, whatever else lies in the folder that is not read', async () => {
    const source = await modelFolder({ 'notes.txt': 'a', 'pytorch_model.bin': 'b' });
    const pem = await signFolder(source, [...signed, 'notes.txt'], shardBytes);
    await appendFile(join(source, 'notes.txt'), 'altered');
    await expect(inspect(source, pem)).resolves.toMatchObject({ files: 3 });
  });

  test('refuses an altered file', async () => {
    const source = await modelFolder();
    const pem = await signFolder(source, signed, shardBytes);
    await writeFile(join(source, 'tokenizer.json'), '[]');
    await expect(inspect(source, pem)).rejects.toMatchObject(invalid(/^tokenizer\.json: /));
  });

  test('refuses an extra file that would be carried', async () => {
    const source = await modelFolder();
    const pem = await signFolder(source, signed, shardBytes);
    await writeFile(join(source, 'vocab.txt'), 'x');
    await expect(inspect(source, pem)).rejects.toMatchObject(
      invalid(/^vocab\.txt: is not listed in the signature/),
    );
  });

  test('refuses when a signed file of the model is missing', async () => {
    const source = await modelFolder({ 'chat_template.jinja': 'x' });
    const pem = await signFolder(source, [...signed, 'chat_template.jinja'], shardBytes);
    await rm(join(source, 'chat_template.jinja'));
    await expect(inspect(source, pem)).rejects.toMatchObject(
      invalid(/^chat_template\.jinja: is listed in model\.sig, but missing/),
    );
  });

  test('refuses another key', async () => {
    const source = await modelFolder();
    await signFolder(source, signed, shardBytes);
    const other = await signFolder(await modelFolder(), signed, shardBytes);
    await expect(inspect(source, other)).rejects.toMatchObject(
      invalid(/^model\.sig: signed with key/),
    );
  });
});
