import { berthError } from '../../../workflows/contracts/errors.ts';
import { isJsonObject } from '../safetensors/jsonValue.ts';
import { excerpt } from '../safetensors/strictJsonError.ts';
import { isModuleFolder, isPickle, maxConfigBytes, modulesList } from './allowList.ts';
import { refuseUnsafePath } from './fileNames.ts';
import type { KnownFile } from './identity.ts';
import type { SourceListing } from './listSource.ts';
import { invalidModel, readSourceJson } from './readSmallFile.ts';

/**
 * Folders of sentence-transformers' modules, such as `1_Pooling`, that modules.json names.
 * @returns names of folders; empty when there is no modules.json.
 * @throws BerthError UnsafeSource for a module whose class is not sentence-transformers' own, whose
 *   weights exist only as pickle or whose folder is a link; InvalidModel for a malformed list.
 */
export async function findModuleFolders(
  list: KnownFile | undefined,
  listing: Pick<SourceListing, 'files' | 'others'>,
): Promise<Set<string>> {
  const folders = new Set<string>();
  if (list === undefined) return folders;
  const modules = await readSourceJson(list, maxConfigBytes);
  if (!Array.isArray(modules)) throw invalidModel(modulesList, 'expected an array of modules');
  for (const [index, module] of modules.entries()) {
    const where = `${modulesList}: module ${index}`;
    if (
      !isJsonObject(module) ||
      typeof module.path !== 'string' ||
      typeof module.type !== 'string'
    ) {
      throw invalidModel(modulesList, `module ${index}: expected an object with path and type`);
    }
    if (!module.type.startsWith('sentence_transformers.')) {
      throw unsafe(`${where}: type ${excerpt(module.type)} is code of others; remove that module`);
    }
    if (module.path === '') continue;
    refuseUnsafePath(module.path, where);
    if (!isModuleFolder(module.path)) {
      throw invalidModel(
        modulesList,
        `module ${index}: path ${excerpt(module.path)}, expected a folder such as 1_Pooling`,
      );
    }
    refuseUnreadable(module.path, listing);
    folders.add(module.path);
  }
  return folders;
}

function refuseUnreadable(
  folder: string,
  { files, others }: Pick<SourceListing, 'files' | 'others'>,
) {
  if (others.includes(folder)) {
    throw unsafe(`${folder}: is no plain folder, expected one; copy it here instead of linking it`);
  }
  const pickled = others.find((path) => path.startsWith(`${folder}/`) && isPickle(path));
  const weights = `${folder}/model.safetensors`;
  if (pickled !== undefined && !files.some(({ path }) => path === weights)) {
    throw unsafe(`${pickled}: weights exist only as pickle; convert them to ${weights}`);
  }
}

function unsafe(message: string): Error {
  return berthError('UnsafeSource', message);
}
