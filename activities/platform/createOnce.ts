import { type FileHandle, link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, temporaryName } from './atomicFile.ts';

/**
 * Creates a whole file unless it exists, so that of several attempts the first one wins and no
 * reader ever sees half of it. fsynced, folder included.
 * @returns false when the file was there already; it is left as it is.
 */
export async function createFileOnce(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = temporaryName(path);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx', mode);
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
    await file.close();
    file = undefined;
    // Unlike rename, link refuses an existing name: that is what makes the first one win.
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    await syncDirectory(dirname(path));
  }
}
