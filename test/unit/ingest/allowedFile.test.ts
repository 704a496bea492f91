import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireAllowedFile } from '../../../activities/ingest/source/sourceRoot.ts';

test('a calibration text is read from BERTH_SOURCES only, symlinks resolved', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-allowed-'));
  const allowed = join(folder, 'allowed');
  await mkdir(allowed);
  const outside = join(folder, 'secret.txt');
  await writeFile(outside, 'secret');
  await writeFile(join(allowed, 'text.txt'), 'text');
  await symlink(outside, join(allowed, 'link.txt'));

  await expect(requireAllowedFile(join(allowed, 'text.txt'), [allowed])).resolves.toBeUndefined();
  await expect(requireAllowedFile(outside, [])).resolves.toBeUndefined();
  for (const path of [outside, join(allowed, 'link.txt')]) {
    await expect(requireAllowedFile(path, [allowed])).rejects.toThrow('lies outside BERTH_SOURCES');
  }
  for (const path of [join(allowed, 'absent.txt'), allowed]) {
    await expect(requireAllowedFile(path, [allowed])).rejects.toThrow('no file on this host');
  }
});
