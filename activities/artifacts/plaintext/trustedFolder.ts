import { constants } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';

interface FolderRights {
  mode: number;
  uid: number;
}

/**
 * Refuses a folder in which another user could exchange files, or that one made before us: names in
 * /dev/shm can be guessed. Looks at its parents too, below the root of the file system, which only
 * an administrator can have mounted.
 * @throws BerthError NotWarmable naming the folder and its owner
 */
export async function requireTrustedFolder(folder: string): Promise<void> {
  const own = process.getuid?.() ?? 0;
  let path = await realpath(folder);
  for (;;) {
    const [found, parent] = await Promise.all([stat(path), stat(dirname(path))]);
    if (found.dev !== parent.dev || found.ino === parent.ino) return;
    const reason = distrust(found, own);
    if (reason !== undefined) {
      throw berthError(
        'NotWarmable',
        `${path}: ${reason}, so weights there could be exchanged; remove it or point BERTH_SHM at a folder of your own`,
      );
    }
    path = dirname(path);
  }
}

/**
 * Why a folder is not ours alone; undefined when it is. In a sticky one everybody keeps what is
 * theirs, whoever else may write to it. Pure.
 */
export function distrust({ mode, uid }: FolderRights, own: number): string | undefined {
  if (uid !== own && uid !== 0) return `belongs to another user (uid ${uid})`;
  const sticky = (mode & 0o1000) !== 0;
  return (mode & constants.S_IWOTH) !== 0 && !sticky
    ? 'is open to everybody for writing'
    : undefined;
}
