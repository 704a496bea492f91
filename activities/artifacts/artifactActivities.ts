import { Context } from '@temporalio/activity';
import type { HostActivities, WarmResult } from '../../workflows/contracts/activities.ts';
import { type ArtifactsDeps, createArtifacts } from './artifacts.ts';
import { reportingFullDisk } from './failures.ts';
import { heartbeatWork } from './heartbeatWork.ts';
import { exportModel } from './maintenance/exportModel.ts';
import { removeModel } from './maintenance/removeModel.ts';
import { type StoreSweep, sweepStore } from './maintenance/sweep.ts';
import { tagModel } from './maintenance/tagModel.ts';
import { modelBytes, storedBytes } from './manifest.ts';
import { openModel } from './openModel.ts';
import { discardArtifact } from './publish/discard.ts';
import { publishArtifact } from './publish/publish.ts';
import { verifyModel } from './verify/verifyModel.ts';
import { residentBytesOf } from './warm/residency.ts';
import type { Work } from './work.ts';

export type ArtifactActivities = Pick<
  HostActivities,
  | 'openCandidate'
  | 'publishArtifact'
  | 'discardArtifact'
  | 'warmModel'
  | 'evictModel'
  | 'verifyModel'
  | 'exportModel'
  | 'tagModel'
  | 'removeModel'
> & {
  sweepStore(): Promise<StoreSweep>;
};

export interface ArtifactActivitiesDeps extends ArtifactsDeps {
  /** Whether the workflow that owns the artifact is still under way. */
  isOpen(artifactId: string): Promise<boolean>;
}

/** Activities of the host worker on its store and shared memory. */
export function createArtifactActivities(deps: ArtifactActivitiesDeps): ArtifactActivities {
  const artifacts = createArtifacts(deps);
  const { catalogue, candidates, warmCopies } = artifacts;
  const places = `${deps.paths.home} or ${deps.paths.shm}`;
  const perform = <T>(totalBytes: number, run: (work: Work) => Promise<T>) =>
    heartbeatWork(totalBytes, (work) => reportingFullDisk(places, () => run(work)));

  return {
    async openCandidate({ artifactId }) {
      const startedAt = performance.now();
      const sealed = await artifacts.staging.sealedFiles(artifactId);
      const opened = await perform(
        sealed.reduce((sum, { plaintextBytes }) => sum + plaintextBytes, 0),
        (work) => candidates.open(artifactId, work),
      );
      return { ...opened, seconds: secondsSince(startedAt) };
    },

    publishArtifact: (input) =>
      perform(0, (work) => publishArtifact(artifacts, input, work.signal)),

    discardArtifact: ({ artifactId }) => perform(0, () => discardArtifact(artifacts, artifactId)),

    async warmModel(input) {
      const { manifest, digest } = await catalogue.resolve(input.ref);
      return perform(modelBytes(manifest), async (work): Promise<WarmResult> => {
        const startedAt = performance.now();
        const open = (folder: string) => openModel(artifacts, manifest, folder, work);
        const { path, reused } = await warmCopies.warm(manifest, input, open, work);
        return {
          path,
          artifact: `${manifest.name}@sha256:${digest}`,
          contentDigest: manifest.contentDigest,
          bytes: modelBytes(manifest),
          residentBytes: await residentBytesOf(
            path,
            manifest.files.map((file) => file.path),
          ),
          seconds: secondsSince(startedAt),
          reused,
        };
      });
    },

    async evictModel(ref) {
      const { manifest } = await catalogue.resolve(ref);
      return perform(0, () => warmCopies.evict(manifest.contentDigest));
    },

    verifyModel: (ref) => perform(0, (work) => verifyModel(artifacts, ref, work)),

    async exportModel(ref, directory) {
      const { manifest } = await catalogue.resolve(ref);
      const isRetry = attempt() > 1;
      return perform(storedBytes(manifest), (work) =>
        exportModel(artifacts, manifest, directory, work, { isRetry }),
      );
    },

    tagModel: (ref, tag) => perform(0, () => tagModel(artifacts, ref, tag)),

    removeModel: (ref, force) => perform(0, () => removeModel(artifacts, ref, force)),

    sweepStore: () => perform(0, () => sweepStore({ ...artifacts, isOpen: deps.isOpen })),
  };
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

function attempt(): number {
  try {
    return Context.current().info.attempt;
  } catch {
    return 1;
  }
}
