import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';

/**
 * Reads a key file, after checking the very file that is read: no symlink, owned by this user (or
 * root), closed to group and others.
 * @returns undefined when it does not exist.
 * @throws BerthError KeyUnavailable naming the file and what to do.
 */
export async function readSecretFile(path: string): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const reason = code === 'ELOOP' ? 'is a symbolic link' : `cannot be read (${code})`;
    throw berthError('KeyUnavailable', `key file ${path} ${reason}; put the key itself there`);
  }
  try {
    const { mode, uid } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
      throw berthError('KeyUnavailable', `key file ${path} is no regular file`);
    }
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw berthError(
        'KeyUnavailable',
        `key file ${path} has mode ${octal}, others may read it; expected 0600: chmod 600 it, and replace the key if anyone may have seen it`,
      );
    }
    if (uid !== process.getuid?.() && uid !== 0) {
      throw berthError('KeyUnavailable', `key file ${path} belongs to another user (uid ${uid})`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}
