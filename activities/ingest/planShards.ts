import type { PlanShardsInput, ShardPlanSummary } from '../../workflows/contracts/activities.ts';
import { writeJsonAtomic } from '../platform/atomicFile.ts';
import type { IngestDeps } from './deps.ts';
import type { Inspection, ShardPlan } from './records.ts';
import { planShards as cutIntoShards } from './shardPlan.ts';
import { modelConfig } from './source/allowList.ts';
import { readInspection, readModules } from './stagingFiles.ts';

/**
 * Plans the shards and leaves the plan in staging; the same job gives the same plan again.
 * @throws BerthError InvalidModel, ArtifactCorrupt for damaged staging, OutOfSpace.
 */
export async function planShards(
  { paths }: Pick<IngestDeps, 'paths'>,
  { artifactId, request }: PlanShardsInput,
): Promise<ShardPlanSummary> {
  const staging = paths.staging(artifactId);
  const inspection = await readInspection(staging);
  const quantized = request.quantize !== 'none';
  const modules = quantized ? await readModules(staging) : undefined;
  const cut = cutIntoShards(inspection, modules, request);
  const carried = carriedFiles(inspection, quantized ? staging.config : undefined);
  await writeJsonAtomic(staging.plan, { ...cut, carried } satisfies ShardPlan);
  return {
    shards: cut.shards.map(({ index, file, sourceBytes, maxBytes }) => ({
      index,
      file,
      sourceBytes,
      maxBytes,
    })),
    carriedFiles: carried.length + (cut.shards.length > 1 ? 1 : 0),
  };
}

/** @param config config.json as the consumer shall see it; undefined carries the source's own. */
function carriedFiles(
  { files }: Pick<Inspection, 'files'>,
  config: string | undefined,
): ShardPlan['carried'] {
  return files
    .filter(({ role }) => role === 'carried' || role === 'config')
    .map(({ path, realPath }) => ({
      path,
      realPath: path === modelConfig && config !== undefined ? config : realPath,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
