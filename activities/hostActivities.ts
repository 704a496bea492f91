import type { HostActivities } from '../workflows/contracts/activities.ts';
import {
  type ArtifactActivitiesDeps,
  createArtifactActivities,
} from './artifacts/artifactActivities.ts';
import { createArtifacts } from './artifacts/artifacts.ts';
import {
  type BackfillActivitiesDeps,
  createBackfillActivities,
} from './backfill/backfillActivities.ts';
import { withPulse } from './backfill/pulse.ts';
import { type SweepJobsDeps, sweepJobs } from './backfill/sweepJobs.ts';
import { createIngestActivities } from './ingest/ingestActivities.ts';
import type { BerthConfig } from './platform/config.ts';
import { createUsageActivities } from './usage/recordUsage.ts';

/** Everything that a host worker needs from its process. */
export interface HostDeps
  extends ArtifactActivitiesDeps,
    Pick<BackfillActivitiesDeps, 'env' | 'stores' | 'cache'>,
    Pick<SweepJobsDeps, 'isJobOpen'> {
  config: BerthConfig;
}

/** Activities of the host worker. */
export function createHostActivities(deps: HostDeps): HostActivities {
  const { staging } = createArtifacts(deps);
  const artifactActivities = createArtifactActivities(deps);
  const { warmModel } = artifactActivities;
  const { sweepStore } = artifactActivities;
  return {
    ...createUsageActivities(deps),
    ...createIngestActivities({ ...deps, staging }),
    ...artifactActivities,
    ...createBackfillActivities({ ...deps, warmModel }),
    async sweepStore() {
      const swept = await sweepStore();
      return { ...swept, jobs: await withPulse(() => sweepJobs(deps)) };
    },
  };
}
