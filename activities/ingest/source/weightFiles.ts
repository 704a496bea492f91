import { berthError } from '../../../workflows/contracts/errors.ts';
import { isJsonObject } from '../safetensors/jsonValue.ts';
import { excerpt } from '../safetensors/strictJsonError.ts';
import { isWeights, maxIndexBytes, weightIndex } from './allowList.ts';
import { refuseUnsafePath } from './fileNames.ts';
import type { KnownFile } from './identity.ts';
import { invalidModel, readSourceObject } from './readSmallFile.ts';

/** Which files transformers would load the weights from. */
export interface WeightFiles {
  /** Paths, in order. */
  paths: string[];
  /** Tensor to file, from the index; undefined for a single file. */
  weightMap: Map<string, string> | undefined;
}

const single = 'model.safetensors';
const numbered = /^model-\d+-of-\d+\.safetensors$/;

/**
 * Finds `model.safetensors`, or the files of `model.safetensors.index.json`; other safetensors files
 * (such as `consolidated.safetensors`) are not part of the model.
 * @throws BerthError InvalidModel, UnsafeSource for paths that leave the folder.
 */
export async function findWeightFiles(files: ReadonlyMap<string, KnownFile>): Promise<WeightFiles> {
  const index = files.get(weightIndex);
  const present = [...files.keys()].filter((path) => isWeights(path) && !path.includes('/'));
  if (index === undefined) {
    if (files.has(single)) return { paths: [single], weightMap: undefined };
    const sharded = present.find((path) => numbered.test(path));
    throw sharded === undefined
      ? invalidModel(
          present[0] as string,
          `expected the weights as ${single} or with ${weightIndex}`,
        )
      : invalidModel(
          weightIndex,
          `is missing, but there is ${sharded}; expected the index beside it`,
        );
  }
  const weightMap = await readWeightMap(index);
  const paths = [...new Set(weightMap.values())].sort();
  for (const path of paths) {
    if (!files.has(path)) {
      throw invalidModel(weightIndex, `names ${path}, which is missing; download it`);
    }
  }
  const unlisted = present.find(
    (path) => !paths.includes(path) && (path === single || numbered.test(path)),
  );
  if (unlisted !== undefined) {
    throw invalidModel(
      weightIndex,
      `does not name ${unlisted}; remove that file or the index, whichever is stale`,
    );
  }
  return { paths, weightMap };
}

async function readWeightMap(index: KnownFile): Promise<Map<string, string>> {
  const { weight_map: map } = await readSourceObject(index, maxIndexBytes);
  if (!isJsonObject(map) || Object.keys(map).length === 0) {
    throw invalidModel(index.path, 'expected weight_map, an object from tensor to file');
  }
  const result = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    const where = `${index.path}: weight_map[${excerpt(tensor)}]`;
    if (typeof file !== 'string') throw invalidModel(index.path, `${where}: expected a file name`);
    refuseUnsafePath(file, where);
    if (!isWeights(file) || file.includes('/')) {
      throw berthError(
        'UnsafeSource',
        `${where} names ${excerpt(file)}: expected a .safetensors file beside the index`,
        { file: index.path },
      );
    }
    result.set(tensor, file);
  }
  return result;
}
