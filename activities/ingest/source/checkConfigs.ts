import { berthError } from '../../../workflows/contracts/errors.ts';
import type { QuantizationMethod } from '../../../workflows/contracts/ingest.ts';
import type { JsonObject, JsonValue } from '../safetensors/jsonValue.ts';
import { maxConfigBytes, modelConfig } from './allowList.ts';
import type { KnownFile } from './identity.ts';
import { invalidModel, readSourceObject } from './readSmallFile.ts';

const configuration = /config(_sentence_transformers)?\.json$/;

/**
 * Reads every configuration that a loader acts on.
 * @throws BerthError UnsafeSource for `auto_map`, which makes transformers import code from the
 *   folder; InvalidModel for what is no strict JSON object or too large; UnsupportedModel for a model
 *   that is quantized already and shall be again.
 */
export async function checkConfigs(
  files: readonly KnownFile[],
  quantize: QuantizationMethod,
): Promise<void> {
  for (const file of files) {
    if (!configuration.test(file.path)) continue;
    const config = await readSourceObject(file, maxConfigBytes);
    if (holdsAutoMap(config)) {
      throw berthError(
        'UnsafeSource',
        `${file.path}: auto_map asks for code from the folder; remove it where transformers has the class itself`,
        { file: file.path },
      );
    }
    if (file.path === modelConfig) checkModelConfig(config, quantize);
  }
}

function checkModelConfig(config: JsonObject, quantize: QuantizationMethod): void {
  if (config.model_type === undefined && config.architectures === undefined) {
    throw invalidModel(modelConfig, 'expected model_type or architectures of a transformers model');
  }
  if (config.quantization_config !== undefined && quantize !== 'none') {
    throw berthError(
      'UnsupportedModel',
      `${modelConfig}: quantization_config says that the model is quantized already; ingest it with --quantize none`,
      { file: modelConfig },
    );
  }
}

function holdsAutoMap(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsAutoMap);
  return Object.entries(value).some(([key, inner]) => key === 'auto_map' || holdsAutoMap(inner));
}
