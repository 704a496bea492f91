import { berthError } from '../../workflows/contracts/errors.ts';
import type { SealedFile, ShardPlan } from './records.ts';

/**
 * Text of `model.safetensors.index.json` as transformers writes it: total bytes of the tensors, and
 * each tensor's file.
 * @throws BerthError ScratchLost naming a shard that is not sealed yet.
 */
export function shardIndex(
  shards: ShardPlan['shards'],
  sealed: readonly Pick<SealedFile, 'path' | 'tensors'>[],
): string {
  const byPath = new Map(sealed.map((file) => [file.path, file]));
  const entries: [string, string][] = [];
  let total = 0;
  for (const { file } of shards) {
    const tensors = byPath.get(file)?.tensors;
    if (tensors === undefined) {
      throw berthError(
        'ScratchLost',
        `${file}: is not sealed, but the index needs it; seal it first`,
      );
    }
    for (const { name, bytes } of tensors) {
      entries.push([name, file]);
      total += bytes;
    }
  }
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(entries) };
  return `${JSON.stringify(index, null, 2)}\n`;
}
