import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { isAllowed, isModuleFolder } from './allowList.ts';
import { checkListing } from './checkListing.ts';
import { decodeName, refuseCollisions } from './fileNames.ts';
import type { KnownFile } from './identity.ts';
import { resolveFile } from './resolveFile.ts';
import { openSourceRoot, type SourceRoot } from './sourceRoot.ts';

export interface SourceListing {
  /** The model folder, symlinks resolved. */
  root: string;
  /** Files on the allow-list, in the order of their paths; none was read. */
  files: KnownFile[];
  /** Paths off the allow-list; folders end with `/` and were not entered. */
  others: string[];
  /** SHA-256 (hex) over paths, sizes and modification times of `files`. */
  listingSha256: string;
}

/**
 * Lists a Hugging Face folder by names and metadata alone; a client may do so before it starts a
 * workflow, and the worker does it again.
 * @param source absolute path.
 * @param sources BERTH_SOURCES; empty allows any folder.
 * @throws BerthError SourceNotAllowed, UnsafeSource or InvalidModel, naming the file.
 */
export async function listSource(
  source: string,
  { sources }: { sources: readonly string[] },
): Promise<SourceListing> {
  const root = await openSourceRoot(source, sources);
  const paths: string[] = [];
  const others: string[] = [];
  await walk(root, '', paths, others);
  paths.sort();
  others.sort();
  checkListing(root.root, paths, others);
  const files: KnownFile[] = [];
  for (const path of paths) {
    files.push(await resolveFile(root, path));
  }
  return { root: root.root, files, others, listingSha256: hashListing(files) };
}

async function walk(
  source: SourceRoot,
  folder: string,
  paths: string[],
  others: string[],
): Promise<void> {
  const entries = await readFolder(source.root, folder);
  const names = entries.map((entry) => decodeName(entry.name, folder));
  refuseCollisions(names, folder);
  for (const [index, entry] of entries.entries()) {
    const name = names[index] as string;
    const path = folder === '' ? name : `${folder}/${name}`;
    if (folder === '' && isModuleFolder(name) && entry.isDirectory()) {
      await walk(source, name, paths, others);
    } else if (isAllowed(path)) {
      paths.push(path);
    } else {
      others.push(entry.isDirectory() ? `${path}/` : path);
    }
  }
}

async function readFolder(root: string, folder: string) {
  try {
    return await readdir(join(root, folder), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    throw berthError(
      'SourceNotAllowed',
      `${join(root, folder)}: cannot be read (${(error as NodeJS.ErrnoException).code}); let this user read it`,
    );
  }
}

function hashListing(files: readonly KnownFile[]): string {
  const hash = createHash('sha256');
  for (const { path, identity } of files) {
    hash.update(`${JSON.stringify([path, identity.size, identity.mtimeNs])}\n`);
  }
  return hash.digest('hex');
}
