import { randomBytes } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../../workflows/contracts/manifest.ts';
import type { Paths } from '../../platform/paths.ts';
import { signatureFile } from '../oms/resources.ts';
import {
  type FolderFile,
  listFiles,
  makeReadOnly,
  removeTree,
  writeNewFile,
} from '../plaintext/folder.ts';
import { canonicalJson } from '../signing/canonicalJson.ts';

/** Text of `model.sig` beside a model's files. */
export function signatureText(manifest: Pick<Manifest, 'omsBundle'>): string {
  return `${canonicalJson(manifest.omsBundle)}\n`;
}

/**
 * True when a folder holds exactly the files of a manifest, by name and length, and a signature:
 * another version of the same content may have signed it.
 */
export function holdsManifest(files: readonly FolderFile[], manifest: Manifest): boolean {
  const expected = new Map(manifest.files.map((file) => [file.path, file.plaintextBytes]));
  return (
    files.length === expected.size + 1 &&
    files.every(({ path, bytes }) => path === signatureFile || expected.get(path) === bytes)
  );
}

/** A new name beside the copies that nobody takes for one. */
export function partialCopy(paths: Paths, contentDigest: string): string {
  return join(paths.modelsRoot, `.${contentDigest}.${randomBytes(4).toString('hex')}.partial`);
}

/**
 * Fills a new folder, adds the signature and gives it the model's name. The rename is what makes
 * it a copy: a folder with that name is complete and read-only, or was never made.
 */
export async function makeCopy(
  paths: Paths,
  manifest: Manifest,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = partialCopy(paths, manifest.contentDigest);
  const target = paths.model(manifest.contentDigest);
  try {
    await mkdir(paths.modelsRoot, { recursive: true, mode: 0o700 });
    await fill(folder);
    await writeNewFile(join(folder, signatureFile), signatureText(manifest), false);
    await makeReadOnly(folder);
    await rename(folder, target);
    return target;
  } catch (error) {
    await removeTree(folder);
    throw error;
  }
}

/** Files of the copy of a model; none when there is no copy. */
export function filesOfCopy(paths: Paths, contentDigest: string): Promise<FolderFile[]> {
  return listFiles(paths.model(contentDigest));
}
