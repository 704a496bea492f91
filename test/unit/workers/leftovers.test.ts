import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryName } from '../../../activities/platform/atomicFile.ts';
import { removePartialFiles } from '../../../workers/supervisor/leftovers.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-leftovers-'));
});
afterEach(() => rm(home, { recursive: true }));

test('removes what interrupted writers left, at any depth, and nothing else', async () => {
  const folder = join(home, 'store', 'tags');
  await mkdir(folder, { recursive: true });
  const partial = temporaryName(join(folder, 'latest.json'));
  const kept = join(folder, 'latest.json');
  await Promise.all([writeFile(partial, ''), writeFile(kept, '')]);
  expect(await removePartialFiles(home)).toEqual([partial]);
  expect([existsSync(partial), existsSync(kept)]).toEqual([false, true]);
});

test('does not follow links out of the folder', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'berth-elsewhere-'));
  try {
    const partial = temporaryName(join(elsewhere, 'x'));
    await writeFile(partial, '');
    await symlink(elsewhere, join(home, 'link'));
    expect(await removePartialFiles(home)).toEqual([]);
    expect(existsSync(partial)).toBe(true);
  } finally {
    await rm(elsewhere, { recursive: true });
  }
});

test('a folder that does not exist has none', async () => {
  expect(await removePartialFiles(join(home, 'absent'))).toEqual([]);
});
