import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../activities/platform/atomicFile.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { berthError } from '../../workflows/contracts/errors.ts';

const pattern = /^[0-9a-f]{16}$/;

/** Random name of this host, made at the first start and kept in BERTH_HOME. */
export async function ensureHostId(paths: Paths): Promise<string> {
  const known = await readHostId(paths);
  if (known !== undefined) return known;
  const hostId = randomBytes(8).toString('hex');
  await writeFileAtomic(paths.hostId, `${hostId}\n`);
  return hostId;
}

/**
 * @returns undefined before the first start
 * @throws BerthError ArtifactCorrupt when the file holds something else
 */
export async function readHostId(paths: Paths): Promise<string | undefined> {
  let text: string;
  try {
    text = (await readFile(paths.hostId, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!pattern.test(text)) {
    throw berthError('ArtifactCorrupt', `${paths.hostId}: expected 16 hex digits; restore it`);
  }
  return text;
}
