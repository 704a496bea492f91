import { rm } from 'node:fs/promises';
import { assembleFile, type FilePart, NativeError } from '../../native/addon/index.ts';
import type { FilesSummary, ShardInput } from '../../workflows/contracts/activities.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { reportingFullDisk } from '../artifacts/failures.ts';
import { requireSharedMemory } from '../artifacts/plaintext/sharedMemory.ts';
import { commitFile, temporaryName } from '../platform/atomicFile.ts';
import { heartbeatWhile } from '../platform/heartbeat.ts';
import type { IngestDeps } from './deps.ts';
import type { Inspection, PlannedTensor, ShardPlan } from './records.ts';
import { writeHeader, writerOrder } from './safetensors/writeHeader.ts';
import { removePartials, scratchFile } from './scratch.ts';
import { checkUnchanged } from './source/identity.ts';
import { readInspection, readPlan, shardOf } from './stagingFiles.ts';

type Shard = ShardPlan['shards'][number];

/**
 * Copies a shard's tensors as they are from the source into scratch (`--quantize none`). May be
 * called again; the file appears whole or not at all.
 * @throws BerthError SourceChanged, NotWarmable, OutOfSpace.
 */
export async function assembleShard(
  { paths }: Pick<IngestDeps, 'paths'>,
  { artifactId, index }: ShardInput,
): Promise<FilesSummary> {
  const started = performance.now();
  const staging = paths.staging(artifactId);
  const inspection = await readInspection(staging);
  const shard = shardOf(await readPlan(staging), index);
  const files = filesOf(shard, inspection);
  await requireSharedMemory(paths.scratch(artifactId));
  const output = scratchFile(paths, artifactId, shard.file);
  await removePartials(output);
  await checkUnchanged(files);
  const temporary = temporaryName(output);
  try {
    const parts = shardParts(shard, files);
    const job = assembleFile({ output: temporary, parts });
    const { bytes } = await reportingFullDisk(paths.scratch(artifactId), () =>
      heartbeatWhile(job, totalBytes(parts)),
    );
    await checkUnchanged(files);
    await commitFile(temporary, output);
    return { files: 1, bytes, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    await rm(temporary, { force: true });
    // Names the file and what happened to it; what the addon noticed is only that something did.
    if (error instanceof NativeError) await checkUnchanged(files);
    throw error instanceof NativeError && error.code === 'SOURCE_CHANGED'
      ? berthError('SourceChanged', error.message)
      : error;
  }
}

function filesOf({ tensors }: Shard, { files }: Inspection): Inspection['files'] {
  const needed = new Set(tensors.map(({ from }) => from.file));
  return files.filter(({ path }) => needed.has(path));
}

/** Header and source ranges; neighbours in the source that stay neighbours become one range. */
function shardParts({ tensors }: Shard, files: Inspection['files']): FilePart[] {
  const realPaths = new Map(files.map(({ path, realPath }) => [path, realPath]));
  const ordered = tensors
    .map((tensor) => ({ ...headerEntry(tensor), from: tensor.from }))
    .sort(writerOrder);
  const ranges: { path: string; offset: number; length: number }[] = [];
  for (const { from, bytes } of ordered) {
    if (bytes === 0) continue;
    const path = realPaths.get(from.file) as string;
    const last = ranges.at(-1);
    if (last?.path === path && last.offset + last.length === from.offset) last.length += bytes;
    else ranges.push({ path, offset: from.offset, length: bytes });
  }
  return [{ bytes: writeHeader(ordered) }, ...ranges];
}

function headerEntry({ key, from }: PlannedTensor) {
  return { name: key, dtype: from.dtype, shape: from.shape, bytes: from.bytes };
}

function totalBytes(parts: readonly FilePart[]): number {
  return parts.reduce((sum, part) => sum + ('bytes' in part ? part.bytes.length : part.length), 0);
}
