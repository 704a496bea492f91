import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilesSummary, PlanShardsInput } from '../../workflows/contracts/activities.ts';
import { requireSharedMemory } from '../artifacts/plaintext/sharedMemory.ts';
import { createWork } from '../artifacts/work.ts';
import { writeFileAtomic } from '../platform/atomicFile.ts';
import { heartbeatWhile, type WatchedJob } from '../platform/heartbeat.ts';
import type { IngestDeps } from './deps.ts';
import { inTurn } from './inTurn.ts';
import type { Inspection, SealedFile, ShardPlan } from './records.ts';
import { shardIndex } from './shardIndex.ts';
import { weightIndex } from './source/allowList.ts';
import { checkUnchanged, sourceChanged } from './source/identity.ts';
import { readInspection, readPlan } from './stagingFiles.ts';

type CarriedFile = ShardPlan['carried'][number];

const filesAtOnce = 4;

/**
 * Seals every file beside the shards: configuration, tokenizer and the like as they are in the
 * source, config.json as the quantization left it, and the index of more than one shard. May be
 * called again.
 * @throws BerthError SourceChanged naming the file, ScratchLost when a shard is not sealed yet,
 *   OutOfSpace.
 */
export async function sealCarriedFiles(
  { paths, staging }: Pick<IngestDeps, 'paths' | 'staging'>,
  { artifactId }: PlanShardsInput,
): Promise<FilesSummary> {
  const started = performance.now();
  const inspection = await readInspection(paths.staging(artifactId));
  const plan = await readPlan(paths.staging(artifactId));
  const fromSource = new Map(inspection.files.map((file) => [file.realPath, file]));
  await checkUnchanged(plan.carried.flatMap(({ realPath }) => fromSource.get(realPath) ?? []));

  const work = createWork();
  const sealOne = (path: string, input: string) =>
    staging.seal(artifactId, { path, input }, { onJob: (job) => work.run(job) });
  const sealCarried = async ({ path, realPath }: CarriedFile) =>
    refuseChanged(await sealOne(path, realPath), fromSource.get(realPath));
  const sealIndex = async () => {
    if (plan.shards.length === 1) return [];
    const text = shardIndex(plan.shards, await staging.sealedFiles(artifactId));
    const input = join(paths.scratch(artifactId), weightIndex);
    await requireSharedMemory(paths.scratch(artifactId));
    await writeFileAtomic(input, text);
    const sealed = await sealOne(weightIndex, input);
    await rm(input, { force: true });
    return [sealed];
  };
  const all = async () => [
    ...(await sealIndex()),
    ...(await inTurn(plan.carried, sealCarried, { work, atOnce: filesAtOnce })),
  ];
  const job: WatchedJob<SealedFile[]> = {
    result: all(),
    progress: work.progress,
    cancel: work.cancel,
  };
  const sealed = await heartbeatWhile(job, carriedBytes(plan, fromSource));
  return {
    files: sealed.length,
    bytes: sealed.reduce((sum, { plaintextBytes }) => sum + plaintextBytes, 0),
    seconds: (performance.now() - started) / 1000,
  };
}

/** The bytes that were sealed must be the bytes that were inspected. */
function refuseChanged(
  sealed: SealedFile,
  inspected: Inspection['files'][number] | undefined,
): SealedFile {
  if (inspected !== undefined && sealed.plaintextSha256 !== inspected.sha256) {
    throw sourceChanged(sealed.path, 'was written to');
  }
  return sealed;
}

function carriedBytes(
  { carried }: ShardPlan,
  fromSource: ReadonlyMap<string, Inspection['files'][number]>,
): number {
  return carried.reduce(
    (sum, { realPath }) => sum + (fromSource.get(realPath)?.identity.size ?? 0),
    0,
  );
}
