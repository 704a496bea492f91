import { chmod, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { ExportResult } from '../../../workflows/contracts/activities.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Manifest } from '../../../workflows/contracts/manifest.ts';
import { syncDirectory } from '../../platform/atomicFile.ts';
import { reportingFullDisk } from '../failures.ts';
import { modelBytes } from '../manifest.ts';
import { signatureFile } from '../oms/resources.ts';
import { type OpenModelDeps, openModel } from '../openModel.ts';
import { listFiles, listFolders, removeTree, writeNewFile } from '../plaintext/folder.ts';
import { holdsManifest, signatureText } from '../warm/copyFolder.ts';
import type { Work } from '../work.ts';

/**
 * Writes a version as a plain Hugging Face folder with its `model.sig`: the only way by which
 * plaintext reaches a disk. The folder appears whole or not at all.
 * @param directory absolute; must not exist, or be empty
 * @param isRetry an earlier attempt may have finished: what it wrote is then no obstacle
 * @throws BerthError InvalidRequest, OutOfSpace, ArtifactCorrupt, KeyUnavailable
 */
export async function exportModel(
  deps: OpenModelDeps,
  manifest: Manifest,
  directory: string,
  work: Work,
  { isRetry = false }: { isRetry?: boolean } = {},
): Promise<ExportResult> {
  const startedAt = performance.now();
  const done = isRetry && holdsManifest(await listFiles(directory), manifest);
  if (!done) {
    await refuseUnlessEmpty(directory);
    await reportingFullDisk(dirname(directory), () => writeFolder(deps, manifest, directory, work));
  }
  return {
    directory,
    files: manifest.files.length + 1,
    bytes: modelBytes(manifest),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

async function refuseUnlessEmpty(directory: string): Promise<void> {
  if (!isAbsolute(directory)) {
    throw berthError('InvalidRequest', `${directory}: expected an absolute path to export to`);
  }
  const found = await lstat(directory).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory() || (await readdir(directory)).length > 0) {
    throw berthError('InvalidRequest', `${directory}: exists and is no empty folder; name another`);
  }
}

async function writeFolder(
  deps: OpenModelDeps,
  manifest: Manifest,
  directory: string,
  work: Work,
): Promise<void> {
  // One name per target, so that a retry clears what a killed attempt left in the clear.
  const partial = join(dirname(directory), `.${basename(directory)}.berth-export.partial`);
  await makeFolder(partial, directory);
  try {
    await openModel(deps, manifest, partial, work, { sync: true });
    await writeNewFile(join(partial, signatureFile), signatureText(manifest), true);
    await applyUmask(partial);
    await rename(partial, directory);
    await syncDirectory(dirname(directory));
  } catch (error) {
    await removeTree(partial);
    throw error;
  }
}

/** What mkdir(2) says of a place that is not for us, or not for folders. */
const unusable = new Set('EACCES EPERM EROFS ENOENT ENOTDIR EEXIST ENAMETOOLONG ELOOP'.split(' '));

/** A place where nothing can be made stays so: trying again would only keep the caller waiting. */
async function makeFolder(partial: string, directory: string): Promise<void> {
  try {
    await mkdir(dirname(directory), { recursive: true });
    await removeTree(partial);
    await mkdir(partial, { mode: 0o700 });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!unusable.has(code)) throw error;
    throw berthError(
      'InvalidRequest',
      `${directory}: cannot be made (${code}); name a folder that the stack's user may write to`,
    );
  }
}

/** Files were made closed to others while they were incomplete; from now on the user's umask rules. */
async function applyUmask(folder: string): Promise<void> {
  const mask = process.umask();
  for (const { path } of await listFiles(folder)) await chmod(join(folder, path), 0o666 & ~mask);
  for (const path of await listFolders(folder)) {
    await syncDirectory(join(folder, path));
    await chmod(join(folder, path), 0o777 & ~mask);
  }
}
