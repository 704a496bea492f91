import { BerthError } from '../../../workflows/contracts/errors.ts';
import type { Paths } from '../../platform/paths.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { removeTree } from '../plaintext/folder.ts';
import type { Trust } from '../signing/trust.ts';
import type { Candidates } from '../staging/candidate.ts';
import { removeStaging } from '../staging/removeStaging.ts';
import type { ArtifactStore } from '../store/artifactStore.ts';
import { readStagedManifest } from './stagedManifest.ts';

export interface DiscardDeps {
  paths: Paths;
  store: ArtifactStore;
  catalogue: Catalogue;
  trust: Trust;
  candidates: Pick<Candidates, 'remove'>;
}

/**
 * Removes what a job left that will not finish: staging, scratch, candidate and what an interrupted
 * publication had moved into the store already. What a tag names stays. Idempotent.
 */
export async function discardArtifact(deps: DiscardDeps, artifactId: string): Promise<void> {
  await deps.store.withLock(() => discardAlone(deps, artifactId));
}

/** As `discardArtifact`, for a caller that holds the store's lock. */
export async function discardAlone(deps: DiscardDeps, artifactId: string): Promise<void> {
  const { paths, store, candidates } = deps;
  if (!(await isPublished(deps, artifactId))) {
    await store.wraps.remove(artifactId);
    await store.blobs.remove(artifactId);
  }
  await candidates.remove(artifactId);
  await removeTree(paths.scratch(artifactId));
  await removeStaging(paths, artifactId);
}

/**
 * True when the store holds a version of the artifact that must stay. A manifest that no tag names
 * yet, while staging is still there, is a publication that was cut off: it is taken back.
 */
async function isPublished(deps: DiscardDeps, artifactId: string): Promise<boolean> {
  const { store, catalogue } = deps;
  const staged = await readStagedManifest(deps, artifactId).catch((error: unknown) => {
    if (error instanceof BerthError) return undefined;
    throw error;
  });
  if (staged === undefined) return isInCatalogue(deps, artifactId);
  if ((await catalogue.tagsOf(staged.digest)).length > 0) return true;
  await store.manifests.remove(staged.digest);
  return false;
}

async function isInCatalogue({ catalogue }: DiscardDeps, artifactId: string): Promise<boolean> {
  const { opened, unreadable } = await catalogue.manifests();
  // An unreadable manifest may be this artifact's: deleting blobs would make the damage final.
  return unreadable.length > 0 || opened.some(({ manifest }) => manifest.artifactId === artifactId);
}
