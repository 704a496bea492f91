import { chmod, chown, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requireSharedMemory } from '../../../activities/artifacts/plaintext/sharedMemory.ts';
import { distrust } from '../../../activities/artifacts/plaintext/trustedFolder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp('/dev/shm/berth-trusted-');
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('takes a folder that it makes itself, and makes it for this user alone', async () => {
  const folder = join(root, 'shm', 'models');
  await requireSharedMemory(folder);
  await requireSharedMemory(folder);
});

test('refuses a folder that somebody left open for everybody, also as a parent or by a link', async () => {
  const open = join(root, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  const refusal = { type: 'NotWarmable', message: expect.stringContaining(`${open}: is open to`) };
  await expect(requireSharedMemory(open)).rejects.toMatchObject(refusal);
  await expect(requireSharedMemory(join(open, 'models'))).rejects.toMatchObject(refusal);
  await symlink(open, join(root, 'link'));
  await expect(requireSharedMemory(join(root, 'link', 'b'))).rejects.toMatchObject(refusal);
});

test('refuses a folder that another user made first', async () => {
  expect(distrust({ mode: 0o40777, uid: 1001 }, 1000)).toBe('belongs to another user (uid 1001)');
  expect(distrust({ mode: 0o40700, uid: 1001 }, 1000)).toBe('belongs to another user (uid 1001)');
  expect(distrust({ mode: 0o40755, uid: 0 }, 1000)).toBeUndefined();
  expect(distrust({ mode: 0o40700, uid: 1000 }, 1000)).toBeUndefined();
  expect(distrust({ mode: 0o40702, uid: 1000 }, 1000)).toBe('is open to everybody for writing');
  expect(distrust({ mode: 0o41777, uid: 0 }, 1000)).toBeUndefined();
  expect(distrust({ mode: 0o41777, uid: 1001 }, 1000)).toBe('belongs to another user (uid 1001)');
  // Only root can give a folder away.
  if (process.getuid?.() !== 0) return;
  const theirs = join(root, 'theirs');
  await mkdir(theirs);
  await chown(theirs, 1001, 1001);
  await expect(requireSharedMemory(join(theirs, 'models'))).rejects.toMatchObject({
    type: 'NotWarmable',
    message: expect.stringContaining('another user (uid 1001)'),
  });
});
