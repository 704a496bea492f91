import { berthError } from '../../../workflows/contracts/errors.ts';
import { isPickle, isWeights, modelConfig, weightIndex } from './allowList.ts';

/**
 * What names alone can tell of a folder that is no loadable model.
 * @throws BerthError InvalidModel, or UnsafeSource for weights that exist only as pickle.
 */
export function checkListing(
  root: string,
  paths: readonly string[],
  others: readonly string[],
): void {
  if (paths.length === 0 && others.length === 0) {
    throw berthError('InvalidModel', `${root}: is empty; expected a Hugging Face model folder`);
  }
  if (!paths.some((path) => isWeights(path) && !path.includes('/'))) {
    const pickled = others.find((path) => !path.includes('/') && isPickle(path));
    if (pickled !== undefined) {
      throw berthError(
        'UnsafeSource',
        `${pickled}: weights exist only as pickle, which runs code when loaded; convert them to safetensors (save_pretrained does)`,
        { file: pickled },
      );
    }
    if (others.includes('snapshots/')) {
      throw berthError(
        'InvalidModel',
        `${root}: is a Hugging Face cache folder; give one of its snapshots/<revision> folders`,
      );
    }
    throw berthError(
      'InvalidModel',
      `${root}: holds no weights; expected model.safetensors or ${weightIndex} with its files`,
    );
  }
  if (!paths.includes(modelConfig)) {
    throw berthError(
      'InvalidModel',
      `${root}/${modelConfig}: is missing; expected the configuration beside the weights`,
    );
  }
}
