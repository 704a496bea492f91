import { rm, stat } from 'node:fs/promises';
import type { FilesSummary, ShardInput } from '../../workflows/contracts/activities.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { heartbeatWhile } from '../platform/heartbeat.ts';
import { checkShard } from './checkShard.ts';
import type { IngestDeps } from './deps.ts';
import type { SealedFile, ShardPlan } from './records.ts';
import { readHeader } from './safetensors/readHeader.ts';
import { scratchFile } from './scratch.ts';
import { readPlan, shardOf } from './stagingFiles.ts';

type Shard = ShardPlan['shards'][number];

/**
 * Encrypts a finished shard into staging and deletes its scratch. May be called again: a shard that
 * is sealed already needs no scratch.
 * @throws BerthError ScratchLost when there is neither, InvalidSafetensors when the shard is not as
 *   planned, OutOfSpace.
 */
export async function sealShard(
  { paths, staging }: Pick<IngestDeps, 'paths' | 'staging'>,
  { artifactId, index }: ShardInput,
): Promise<FilesSummary> {
  const started = performance.now();
  const shard = shardOf(await readPlan(paths.staging(artifactId)), index);
  const input = scratchFile(paths, artifactId, shard.file);
  const known = (await staging.sealedFiles(artifactId)).find(({ path }) => path === shard.file);
  const sealed = known ?? (await seal(staging, artifactId, shard, input));
  await rm(input, { force: true });
  return {
    files: 1,
    bytes: sealed.plaintextBytes,
    seconds: (performance.now() - started) / 1000,
  };
}

async function seal(
  staging: IngestDeps['staging'],
  artifactId: string,
  shard: Shard,
  input: string,
): Promise<SealedFile> {
  const fileBytes = await sizeOf(input, shard);
  const header = await readHeader(input, shard.file);
  checkShard(header, fileBytes, shard);
  const tensors = header.tensors.map(({ name, bytes }) => ({ name, bytes }));
  return staging.seal(
    artifactId,
    { path: shard.file, input, tensors },
    { onJob: (job) => heartbeatWhile(job, fileBytes) },
  );
}

async function sizeOf(input: string, shard: Shard): Promise<number> {
  try {
    return (await stat(input)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw berthError(
      'ScratchLost',
      `${shard.file}: its scratch ${input} is gone and it is not sealed; it has to be made again`,
      { file: shard.file },
    );
  }
}
