import { berthError } from '../../../workflows/contracts/errors.ts';
import type { SourceFile } from '../records.ts';
import {
  isWeights,
  maxCarriedBytes,
  modelConfig,
  modulesList,
  signatureName,
  weightIndex,
} from './allowList.ts';
import type { KnownFile } from './identity.ts';
import type { SourceListing } from './listSource.ts';
import { findModuleFolders } from './moduleFolders.ts';
import { refuseLarge } from './readSmallFile.ts';
import { findWeightFiles } from './weightFiles.ts';

export type SelectedFile = KnownFile & { role: SourceFile['role'] };

/** What of a listing is the model. */
export interface SourceSelection {
  files: SelectedFile[];
  /** Tensor to file, from the index; undefined for a single file. */
  weightMap: Map<string, string> | undefined;
  /** `model.sig`; it is verified, not carried. */
  signature: KnownFile | undefined;
  /** Everything else; never opened. */
  leftOut: string[];
}

/**
 * Decides by the index and modules.json which of the listed files belong to the model.
 * @param strict refuse when anything is left out.
 * @throws BerthError InvalidModel or UnsafeSource, naming the file.
 */
export async function selectFiles(
  listing: SourceListing,
  { strict }: { strict: boolean },
): Promise<SourceSelection> {
  const byPath = new Map(listing.files.map((file) => [file.path, file]));
  const weights = await findWeightFiles(byPath);
  const folders = await findModuleFolders(byPath.get(modulesList), listing);
  const files: SelectedFile[] = [];
  const leftOut = [...listing.others];
  for (const file of listing.files) {
    const role = roleOf(file.path, weights.paths, folders);
    if (role !== undefined) files.push({ ...file, role });
    else if (file.path !== signatureName) leftOut.push(file.path);
  }
  for (const file of files) {
    if (file.role === 'carried' && !isWeights(file.path)) refuseLarge(file, maxCarriedBytes);
  }
  leftOut.sort();
  if (strict && leftOut.length > 0) {
    const more = leftOut.length > 1 ? ` (and ${leftOut.length - 1} more)` : '';
    throw berthError(
      'UnsafeSource',
      `${leftOut[0]}${more}: not part of a model, and --strict refuses what would be left out; remove it or drop --strict`,
      { files: leftOut.slice(0, 100) },
    );
  }
  return { files, weightMap: weights.weightMap, signature: byPath.get(signatureName), leftOut };
}

function roleOf(
  path: string,
  weights: readonly string[],
  folders: ReadonlySet<string>,
): SourceFile['role'] | undefined {
  if (weights.includes(path)) return 'weights';
  if (path === weightIndex) return 'index';
  if (path === modelConfig) return 'config';
  if (path === signatureName) return undefined;
  const [folder, name] = path.split('/');
  if (name !== undefined) return folders.has(folder as string) ? 'carried' : undefined;
  return isWeights(path) ? undefined : 'carried';
}
