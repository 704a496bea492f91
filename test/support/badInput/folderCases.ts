import { generateKeyPairSync } from 'node:crypto';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shardedFiles } from '../modelFolder.ts';
import { signFolder } from '../signedSource.ts';
import type { BadSource } from './case.ts';

const weights = 'model.safetensors';
const index = 'model.safetensors.index.json';
const all = ['config.json', weights, 'tokenizer.json'];

/** Takes the place of a sound file. */
function instead(path: string, make: (path: string) => Promise<unknown>) {
  return async (folder: string): Promise<undefined> => {
    await rm(join(folder, path));
    await make(join(folder, path));
  };
}

const publicPem = () =>
  generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

async function writeKey(folder: string, pem: string): Promise<string[]> {
  const path = `${folder}.pem`;
  await writeFile(path, pem);
  return ['--verify-key', path];
}

/** Folders that are no model, or one that must not be trusted. */
export const folderCases: BadSource[] = [
  {
    what: 'an empty folder',
    files: Object.fromEntries(all.map((path) => [path, undefined])),
    type: 'InvalidModel',
    file: '',
    reason: /is empty/,
  },
  {
    what: 'a missing configuration',
    files: { 'config.json': undefined },
    type: 'InvalidModel',
    file: 'config.json',
    reason: /missing/,
  },
  {
    what: 'a configuration that is no JSON',
    files: { 'config.json': '{"model_type":' },
    type: 'InvalidModel',
    file: 'config.json',
    reason: /./,
  },
  {
    what: 'an index that names a missing file',
    files: { ...shardedFiles(), 'model-00002-of-00002.safetensors': undefined },
    type: 'InvalidModel',
    file: index,
    reason: /model-00002-of-00002\.safetensors, which is missing/,
  },
  {
    what: 'an index that leads out of the folder',
    files: { ...shardedFiles(), [index]: '{"weight_map":{"a.weight":"../model.safetensors"}}' },
    type: 'UnsafeSource',
    file: index,
    reason: /\.\./,
  },
  {
    what: 'shards without their index',
    files: { ...shardedFiles(), [index]: undefined },
    type: 'InvalidModel',
    file: index,
    reason: /missing/,
  },
  {
    what: 'weights that exist only as pickle',
    files: { [weights]: undefined, 'pytorch_model.bin': 'x' },
    type: 'UnsafeSource',
    file: 'pytorch_model.bin',
    reason: /pickle/,
  },
  {
    what: 'a configuration that asks for code',
    files: { 'config.json': '{"model_type":"bert","auto_map":{"AutoModel":"m.M"}}' },
    type: 'UnsafeSource',
    file: 'config.json',
    reason: /auto_map/,
  },
  {
    what: 'names that differ only by case',
    files: { 'Tokenizer.json': '{}' },
    type: 'UnsafeSource',
    file: 'okenizer.json',
    reason: /case/i,
  },
  {
    what: 'a link to a file elsewhere',
    prepare: instead('tokenizer.json', (path) => symlink('/etc/hostname', path)),
    type: 'UnsafeSource',
    file: 'tokenizer.json',
    reason: /symlink/,
  },
  {
    what: 'a link that leads nowhere',
    prepare: instead(weights, (path) => symlink('nowhere', path)),
    type: 'UnsafeSource',
    file: weights,
    reason: /symlink/,
  },
  {
    what: 'a folder in the place of a file',
    prepare: instead('config.json', (path) => mkdir(path)),
    type: 'UnsafeSource',
    file: 'config.json',
    reason: /regular file/,
  },
  {
    what: 'a file too many under --strict',
    files: { 'training.log': 'x' },
    options: ['--strict'],
    type: 'UnsafeSource',
    file: 'training.log',
    reason: /--strict/,
  },
  {
    what: 'a signature by somebody else',
    async prepare(folder) {
      await signFolder(folder, all);
      return writeKey(folder, publicPem());
    },
    type: 'SourceSignatureInvalid',
    file: 'model.sig',
    reason: /key|signature/i,
  },
  {
    what: 'a signed file that was altered since',
    async prepare(folder) {
      const pem = await signFolder(folder, all);
      await writeFile(join(folder, 'tokenizer.json'), '{"altered":true}');
      return writeKey(folder, pem);
    },
    type: 'SourceSignatureInvalid',
    file: 'tokenizer.json',
    reason: /./,
  },
  {
    what: 'a missing signature',
    prepare: (folder) => writeKey(folder, publicPem()),
    type: 'SourceSignatureInvalid',
    file: 'model.sig',
    reason: /./,
  },
  {
    what: 'a verify key that is none',
    prepare: (folder) => writeKey(folder, 'no key\n'),
    type: 'InvalidRequest',
    file: '.pem',
    reason: /expected a public key/,
  },
  {
    what: 'a calibration file that is not there',
    options: ['--calibration', '/nowhere/calibration.txt'],
    type: 'InvalidRequest',
    file: '/nowhere/calibration.txt',
    reason: /expected a text file/,
  },
];
