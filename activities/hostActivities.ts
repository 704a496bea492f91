import type { HostActivities } from '../workflows/contracts/activities.ts';
import {
  type ArtifactActivitiesDeps,
  createArtifactActivities,
} from './artifacts/artifactActivities.ts';
import type { Artifacts } from './artifacts/artifacts.ts';
import { createLeaseActivities, type LeaseDeps } from './devices/leaseActivities.ts';
import type { IngestDeps } from './ingest/deps.ts';
import { createIngestActivities } from './ingest/ingestActivities.ts';

/** Everything that a host worker needs from its process. */
export interface HostDeps extends LeaseDeps, Pick<IngestDeps, 'config' | 'logger'> {
  artifacts: Artifacts;
  /** Whether an ingest that is under way owns the artifact. */
  isOpen: ArtifactActivitiesDeps['isOpen'];
}

/** Activities of the host worker. */
export function createHostActivities(deps: HostDeps): HostActivities {
  const { artifacts, isOpen } = deps;
  return {
    ...createLeaseActivities(deps),
    ...createIngestActivities({ ...deps, staging: artifacts.staging }),
    ...createArtifactActivities({ artifacts, isOpen }),
  };
}
