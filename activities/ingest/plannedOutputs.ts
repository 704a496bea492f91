import { berthError } from '../../workflows/contracts/errors.ts';
import type { Modules, PlannedTensor } from './records.ts';
import { tensorBytes } from './safetensors/dtypes.ts';
import { excerpt } from './safetensors/strictJsonError.ts';

export type PlannedOutput = PlannedTensor['outputs'][number];
type Weight = Modules['weights'][number];

/** bitsandbytes' block sizes; transformers and vLLM assume them. */
const blockSize = 64;
const nestedBlockSize = 256;
/** A quant_state is a line of JSON with two dimensions and one float64; this is twice the longest. */
const maxQuantStateBytes = 512;

/**
 * Tensors that one weight becomes, with upper bounds of their sizes: the weight and its quantization
 * state, under the keys of bitsandbytes 0.50 (functional.QuantState.as_dict, nn.Linear8bitLt).
 * Bounds are exact but for the JSON of `quant_state`, whose length is known only once it is written.
 */
export function plannedOutputs(weight: Weight, doubleQuant: boolean): PlannedOutput[] {
  switch (weight.action) {
    case 'keep':
      return [output(weight.key, weight.dtype, weight.shape)];
    case 'int8':
      return int8Outputs(weight);
    default:
      return fourBitOutputs(weight, doubleQuant);
  }
}

/** Name of the state that holds JSON, the one output whose length is only bounded. */
export function isQuantState(name: string): boolean {
  return /\.quant_state\.bitsandbytes__(nf4|fp4)$/.test(name);
}

function int8Outputs({ key, shape }: Weight): PlannedOutput[] {
  const module = key.replace(/\.weight$/, '');
  return [
    output(key, 'I8', shape),
    output(`${module}.SCB`, 'F32', [shape[0] ?? 1]),
    output(`${module}.weight_format`, 'U8', []),
  ];
}

function fourBitOutputs({ key, shape, action }: Weight, doubleQuant: boolean): PlannedOutput[] {
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  const blocks = Math.ceil(elements / blockSize);
  const outputs = [
    output(key, 'U8', [Math.ceil(elements / 2), 1]),
    output(`${key}.absmax`, doubleQuant ? 'U8' : 'F32', [blocks]),
    output(`${key}.quant_map`, 'F32', [16]),
  ];
  if (doubleQuant) {
    outputs.push(
      output(`${key}.nested_absmax`, 'F32', [Math.ceil(blocks / nestedBlockSize)]),
      output(`${key}.nested_quant_map`, 'F32', [256]),
    );
  }
  outputs.push(output(`${key}.quant_state.bitsandbytes__${action}`, 'U8', [maxQuantStateBytes]));
  return outputs;
}

function output(name: string, dtype: string, shape: number[]): PlannedOutput {
  const maxBytes = tensorBytes(dtype, shape);
  if (maxBytes !== undefined) return { name, dtype, shape, maxBytes };
  throw berthError(
    'InvalidModel',
    `tensor ${excerpt(name)}: ${dtype} [${shape}] is no tensor that safetensors can hold`,
  );
}
