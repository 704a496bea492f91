import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeMpsFolder, mpsFolder, mpsRoot } from '../../../workers/devices/sharing/mpsFolder.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const home = temporaryFolder('mps-folder');

test('lies in BERTH_HOME, or elsewhere where a socket’s path would be too long', () => {
  expect(mpsRoot('/home/ann/.berth')).toBe('/home/ann/.berth/run/mps');
  const long = `/${'x'.repeat(90)}`;
  expect(mpsRoot(long, '/tmp', 7)).toMatch(/^\/tmp\/berth-mps-7-[0-9a-f]{10}$/);
  expect(mpsRoot(long, '/tmp', 7)).not.toBe(mpsRoot(`${long}y`, '/tmp', 7));
  for (const root of [mpsRoot('/home/ann/.berth'), mpsRoot(long, '/tmp', 7)]) {
    const { pipe } = mpsFolder(root, 'GPU-1', 'nlp');
    expect(Buffer.byteLength(join(pipe, 'control_privileged'))).toBeLessThanOrEqual(107);
  }
});

test('is the same for one GPU and domain, and another for every other pair', () => {
  const of = (device: string, domain: string) => mpsFolder('/r', device, domain).pipe;
  expect(of('GPU-1', 'nlp')).toBe(of('GPU-1', 'nlp'));
  const all = [of('GPU-1', 'nlp'), of('GPU-1', 'vision'), of('GPU-2', 'nlp'), of('GPU-1n', 'lp')];
  expect(new Set(all).size).toBe(4);
});

test('is open to this user only', async () => {
  const root = join(home, 'own');
  const folder = mpsFolder(root, 'GPU-1', 'nlp');
  await makeMpsFolder(root, folder);
  for (const path of [root, folder.root, folder.pipe, folder.logs]) {
    expect(statSync(path).mode & 0o777).toBe(0o700);
  }
});

test('refuses a folder that others can write to', async () => {
  const root = join(home, 'shared');
  mkdirSync(root);
  chmodSync(root, 0o777);
  await expect(makeMpsFolder(root, mpsFolder(root, 'GPU-1', 'nlp'))).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringContaining('0700'),
  });
});

test('refuses a path that is too long before anything is started', async () => {
  const root = join(home, 'x'.repeat(100));
  await expect(makeMpsFolder(root, mpsFolder(root, 'GPU-1', 'nlp'))).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringContaining('107 bytes'),
  });
});
