import { berthError } from '../../workflows/contracts/errors.ts';
import { isQuantState } from './plannedOutputs.ts';
import type { PlannedTensor, ShardPlan } from './records.ts';
import type { HeaderTensor, SafetensorsHeader } from './safetensors/header.ts';
import { excerpt } from './safetensors/strictJsonError.ts';
import { dataAlignment } from './safetensors/writeHeader.ts';

type Shard = ShardPlan['shards'][number];
type Output = PlannedTensor['outputs'][number];

/**
 * Checks a finished shard against its plan: each planned tensor once, with its dtype, shape and
 * bytes, nothing else, and the data section on a page boundary.
 * @throws BerthError InvalidSafetensors naming file and tensor.
 */
export function checkShard(header: SafetensorsHeader, fileBytes: number, shard: Shard): void {
  const made = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
  for (const output of shard.tensors.flatMap(({ outputs }) => outputs)) {
    const tensor = made.get(output.name);
    if (tensor === undefined)
      throw notAsPlanned(shard.file, `tensor ${excerpt(output.name)} is missing`);
    if (!matches(tensor, output)) {
      const { dtype, shape, bytes } = tensor;
      throw notAsPlanned(
        shard.file,
        `tensor ${excerpt(output.name)} is ${dtype} [${shape}] of ${bytes} bytes, planned was ${output.dtype} [${output.shape}] of at most ${output.maxBytes}`,
      );
    }
    made.delete(output.name);
  }
  const [extra] = made.keys();
  if (extra !== undefined)
    throw notAsPlanned(shard.file, `tensor ${excerpt(extra)} was not planned`);
  if (header.dataStart % dataAlignment !== 0) {
    throw notAsPlanned(
      shard.file,
      `data begin at byte ${header.dataStart}, expected a multiple of ${dataAlignment}`,
    );
  }
  if (fileBytes > shard.maxBytes) {
    throw notAsPlanned(
      shard.file,
      `has ${fileBytes} bytes, planned were at most ${shard.maxBytes}`,
    );
  }
}

function notAsPlanned(file: string, what: string): Error {
  return berthError(
    'InvalidSafetensors',
    `${file}: ${what}; the shard was made wrong, ingest again`,
    { file },
  );
}

function matches(tensor: HeaderTensor, output: Output): boolean {
  if (tensor.dtype !== output.dtype || tensor.bytes > output.maxBytes) return false;
  return isQuantState(output.name)
    ? tensor.shape.length === 1
    : String(tensor.shape) === String(output.shape) && tensor.bytes === output.maxBytes;
}
