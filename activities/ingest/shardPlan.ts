import { berthError } from '../../workflows/contracts/errors.ts';
import type { QuantizationMethod } from '../../workflows/contracts/ingest.ts';
import { plannedOutputs } from './plannedOutputs.ts';
import type { Inspection, Modules, PlannedTensor, ShardPlan, SourceTensor } from './records.ts';
import { excerpt } from './safetensors/strictJsonError.ts';
import { dataAlignment, maxEntryLength, maxHeaderLength } from './safetensors/writeHeader.ts';

export interface ShardPlanOptions {
  quantize: QuantizationMethod;
  /** Upper bound of a shard's file, bytes; a larger tensor has a shard of its own. */
  shardBytes: number;
}

type Shard = ShardPlan['shards'][number];

/** A summary of the plan travels through Temporal, whose payloads end at 2 MB. */
const maxShards = 10_000;

/**
 * Cuts a model into Hugging Face shards: in the order given, each as full as the bound allows, a
 * weight and its quantization state in one file. The same input gives the same plan.
 * @param modules what becomes of each tensor; undefined keeps every source tensor as it is.
 * @throws BerthError InvalidModel naming a tensor that the source lacks or holds in another shape;
 *   InvalidRequest for a bound that makes more than 10,000 shards.
 */
export function planShards(
  inspection: Pick<Inspection, 'tensors'>,
  modules: Pick<Modules, 'weights' | 'doubleQuant'> | undefined,
  { quantize, shardBytes }: ShardPlanOptions,
): Omit<ShardPlan, 'carried'> {
  const doubleQuant = modules?.doubleQuant ?? false;
  const sources = new Map(inspection.tensors.map((tensor) => [tensor.name, tensor]));
  const weights = modules?.weights ?? inspection.tensors.map(keptWeight);
  const groups: PlannedTensor[][] = [];
  let room = 0;
  for (const weight of weights) {
    const from = sourceOf(weight, sources);
    const planned = { ...weight, outputs: plannedOutputs(weight, doubleQuant), from };
    const bytes = contribution(planned);
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = shardBytes - emptyShardBytes;
    }
    groups.at(-1)?.push(planned);
    room -= bytes;
  }
  if (groups.length > maxShards) {
    throw berthError(
      'InvalidRequest',
      `shard size ${shardBytes}: makes ${groups.length} shards, expected at most ${maxShards}; choose a larger --shard-size`,
    );
  }
  const shards = groups.map((tensors, index) => makeShard(tensors, index, groups.length));
  return { quantize, doubleQuant, shards };
}

/** Header without tensors, and the padding up to where data begin. */
const emptyShardBytes = maxHeaderLength([]) + dataAlignment;

/** What a tensor adds to its shard's file at most: its data and its lines in the header. */
function contribution({ outputs }: PlannedTensor): number {
  return outputs.reduce((sum, output) => sum + output.maxBytes + maxEntryLength(output), 0);
}

function makeShard(tensors: PlannedTensor[], index: number, count: number): Shard {
  const outputs = tensors.flatMap((tensor) => tensor.outputs);
  const data = outputs.reduce((sum, { maxBytes }) => sum + maxBytes, 0);
  return {
    index,
    file: shardFileName(index, count),
    tensors,
    sourceBytes: tensors.reduce((sum, { from }) => sum + from.bytes, 0),
    maxBytes: maxHeaderLength(outputs) + data,
  };
}

/** Names as transformers gives them: `model.safetensors`, or `model-0000i-of-0000n.safetensors`. */
export function shardFileName(index: number, count: number): string {
  if (count === 1) return 'model.safetensors';
  const number = (value: number) => String(value).padStart(5, '0');
  return `model-${number(index + 1)}-of-${number(count)}.safetensors`;
}

function keptWeight({ name, dtype, shape }: SourceTensor): Modules['weights'][number] {
  return { key: name, source: name, action: 'keep', dtype, shape, transposed: false };
}

function sourceOf(
  { key, source, shape }: Modules['weights'][number],
  sources: ReadonlyMap<string, SourceTensor>,
): SourceTensor {
  const from = sources.get(source);
  const elements = (dimensions: readonly number[]) => dimensions.reduce((a, b) => a * b, 1);
  if (from !== undefined && elements(from.shape) === elements(shape)) return from;
  const found = from === undefined ? 'the source has none' : `the source has [${from.shape}]`;
  throw berthError(
    'InvalidModel',
    `tensor ${excerpt(source)}: ${excerpt(key)} needs it as [${shape}], but ${found}; config.json and weights disagree`,
  );
}
