import type { HostActivities } from '../../workflows/contracts/activities.ts';
import { assembleShard } from './assembleShard.ts';
import type { IngestDeps } from './deps.ts';
import { inspectSource } from './inspectSource.ts';
import { planShards } from './planShards.ts';
import { sealCarriedFiles } from './sealCarriedFiles.ts';
import { sealShard } from './sealShard.ts';

export type IngestActivities = Pick<
  HostActivities,
  'inspectSource' | 'planShards' | 'assembleShard' | 'sealShard' | 'sealCarriedFiles'
>;

/** The host's part of an ingest, up to publishing. Each may run again after a crash. */
export function createIngestActivities(deps: IngestDeps): IngestActivities {
  return {
    inspectSource: (input) => inspectSource(deps, input),
    planShards: (input) => planShards(deps, input),
    assembleShard: (input) => assembleShard(deps, input),
    sealShard: (input) => sealShard(deps, input),
    sealCarriedFiles: (input) => sealCarriedFiles(deps, input),
  };
}
