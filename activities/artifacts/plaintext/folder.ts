import { chmod, type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface FolderFile {
  /** Relative, `/`-separated. */
  path: string;
  bytes: number;
  dev: number;
  ino: number;
}

/**
 * Every file below a folder, symlinks not followed; none when it does not exist. What vanishes
 * meanwhile is left out.
 */
export async function listFiles(folder: string): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const path of await walk(folder)) {
    const found = await lstat(join(folder, path)).catch(ifGone(undefined));
    if (found === undefined || found.isDirectory()) continue;
    files.push({ path, bytes: found.size, dev: found.dev, ino: found.ino });
  }
  return files;
}

/** Every folder below a folder, relative, the folder itself (`.`) included. */
export async function listFolders(folder: string): Promise<string[]> {
  const folders = ['.'];
  for (const path of await walk(folder)) {
    if ((await lstat(join(folder, path))).isDirectory()) folders.push(path);
  }
  return folders;
}

/** Makes a finished tree read-only for its owner and closed to everybody else. */
export async function makeReadOnly(folder: string): Promise<void> {
  for (const path of await walk(folder)) {
    const entry = join(folder, path);
    await chmod(entry, (await lstat(entry)).isDirectory() ? 0o500 : 0o400);
  }
  await chmod(folder, 0o500);
}

/** Removes a tree, read-only folders included. No error when it is not there. */
export async function removeTree(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory()) await makeWritable(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}

/** Writes a small new file into a folder of plaintext. */
export async function writeNewFile(path: string, data: string, sync: boolean): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'wx', 0o600);
    await file.writeFile(data);
    if (sync) await file.sync();
  } finally {
    await file?.close();
  }
}

async function walk(folder: string): Promise<string[]> {
  return readdir(folder, { recursive: true }).catch(ifGone<string[]>([]));
}

function ifGone<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}
