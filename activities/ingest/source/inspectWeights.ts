import type { SourceTensor } from '../records.ts';
import { type Dtype, dtypeInfo } from '../safetensors/dtypes.ts';
import type { HeaderTensor } from '../safetensors/header.ts';
import { readHeader } from '../safetensors/readHeader.ts';
import { excerpt } from '../safetensors/strictJsonError.ts';
import { isWeights, weightIndex } from './allowList.ts';
import { invalidModel } from './readSmallFile.ts';
import type { SelectedFile, SourceSelection } from './selectFiles.ts';

export interface InspectedWeights {
  /** Tensors of the model, by file and offset. */
  tensors: SourceTensor[];
  /** Tensors of every safetensors file that is read, carried ones included, by path. */
  byFile: Map<string, HeaderTensor[]>;
}

/**
 * Parses the headers of all safetensors files and compares them with the index.
 * @throws BerthError InvalidSafetensors, InvalidModel, UnsafeSource.
 */
export async function inspectWeights(
  selection: Pick<SourceSelection, 'files' | 'weightMap'>,
): Promise<InspectedWeights> {
  const byFile = new Map<string, HeaderTensor[]>();
  const tensors: SourceTensor[] = [];
  for (const file of selection.files) {
    if (!isWeights(file.path)) continue;
    const header = await readHeader(file.realPath, file.path);
    byFile.set(file.path, header.tensors);
    if (file.role === 'weights') tensors.push(...header.tensors.map((t) => sourceTensor(t, file)));
  }
  refuseDuplicates(tensors);
  if (tensors.length === 0) {
    throw invalidModel([...byFile.keys()].join(), 'hold no tensors; expected a model');
  }
  if (selection.weightMap !== undefined) checkIndex(tensors, selection.weightMap);
  return { tensors, byFile };
}

function sourceTensor(tensor: HeaderTensor, file: SelectedFile): SourceTensor {
  return { ...tensor, file: file.path };
}

function refuseDuplicates(tensors: readonly SourceTensor[]): void {
  const files = new Map<string, string>();
  for (const { name, file } of tensors) {
    const other = files.get(name);
    if (other !== undefined) {
      throw invalidModel(file, `tensor ${excerpt(name)} is also in ${other}; expected it once`);
    }
    files.set(name, file);
  }
}

function checkIndex(
  tensors: readonly SourceTensor[],
  weightMap: ReadonlyMap<string, string>,
): void {
  const present = new Map(tensors.map(({ name, file }) => [name, file]));
  for (const [name, file] of weightMap) {
    const actual = present.get(name);
    if (actual === file) continue;
    const where = actual === undefined ? 'no file holds it' : `it is in ${actual}`;
    throw invalidModel(
      weightIndex,
      `says that tensor ${excerpt(name)} is in ${file}, but ${where}`,
    );
  }
  for (const { name, file } of tensors) {
    if (!weightMap.has(name)) {
      throw invalidModel(weightIndex, `does not name tensor ${excerpt(name)} of ${file}`);
    }
  }
}

/** Runs of elements that can hold NaN or infinity. */
export function floatTensors(tensors: readonly HeaderTensor[]): HeaderTensor[] {
  return tensors.filter(({ dtype, bytes }) => bytes > 0 && isFloat(dtype));
}

const isFloat = (dtype: Dtype): boolean => dtypeInfo(dtype)?.float === true;
