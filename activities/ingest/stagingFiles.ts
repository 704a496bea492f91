import { berthError } from '../../workflows/contracts/errors.ts';
import { readJson } from '../platform/atomicFile.ts';
import type { Paths } from '../platform/paths.ts';
import {
  type Inspection,
  inspectionSchema,
  type Modules,
  modulesSchema,
  type ShardPlan,
  shardPlanSchema,
} from './records.ts';

type StagingPaths = ReturnType<Paths['staging']>;

/** What an earlier step left; gone when the job was discarded or its host lost its disk. */
export async function readInspection({ inspection }: StagingPaths): Promise<Inspection> {
  return present(await readJson(inspection, inspectionSchema), inspection);
}

export async function readModules({ modules }: StagingPaths): Promise<Modules> {
  return present(await readJson(modules, modulesSchema), modules);
}

export async function readPlan({ plan }: StagingPaths): Promise<ShardPlan> {
  return present(await readJson(plan, shardPlanSchema), plan);
}

/** @throws BerthError InvalidRequest for an index that the plan does not have. */
export function shardOf(plan: ShardPlan, index: number): ShardPlan['shards'][number] {
  const shard = plan.shards[index];
  if (shard !== undefined) return shard;
  throw berthError(
    'InvalidRequest',
    `shard ${index}: the plan has ${plan.shards.length}, counted from 0`,
  );
}

function present<T>(value: T | undefined, path: string): T {
  if (value !== undefined) return value;
  throw berthError(
    'ArtifactCorrupt',
    `${path}: is missing; the job's staging was discarded, ingest again`,
  );
}
