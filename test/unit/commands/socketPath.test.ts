import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { placeSocket } from '../../../workers/commands/socketPath.ts';
import { folderForTest } from '../../support/modelFolder.ts';

test('a path that is too long for a socket is exchanged for one in a folder of its own', async () => {
  const folder = await folderForTest();
  const short = join(folder, 'commands.sock');
  expect((await placeSocket(short)).path).toBe(short);
  const long = join(folder, 'x'.repeat(100), 'commands.sock');
  const place = await placeSocket(long, { XDG_RUNTIME_DIR: folder });
  expect(place.path.startsWith(folder)).toBe(true);
  expect(Buffer.byteLength(place.path)).toBeLessThan(108);
  expect((await stat(dirname(place.path))).mode & 0o777).toBe(0o700);
  await place.remove();
  await expect(stat(dirname(place.path))).rejects.toMatchObject({ code: 'ENOENT' });
});
