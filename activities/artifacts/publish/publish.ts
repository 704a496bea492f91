import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublishInput, PublishResult } from '../../../workflows/contracts/activities.ts';
import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import type { Manifest } from '../../../workflows/contracts/manifest.ts';
import type { HeldLock } from '../../platform/fileLock.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Paths } from '../../platform/paths.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { reportingFullDisk } from '../failures.ts';
import { modelBytes, type OpenedManifest, storedBytes } from '../manifest.ts';
import { removeTree } from '../plaintext/folder.ts';
import { removeStaging } from '../staging/removeStaging.ts';
import type { ArtifactStore } from '../store/artifactStore.ts';
import { listFolder } from '../store/partials.ts';
import type { Tags } from '../tags/tags.ts';
import type { WarmCopies } from '../warm/warmCopies.ts';
import { type StagedManifestDeps, signStagedManifest } from './stagedManifest.ts';

/** What `publish` has just done, in this order. A crash after any of them is made good by a retry. */
export type PublishStep =
  | 'signed'
  | 'blobsMoved'
  | 'wrapsWritten'
  | 'manifestWritten'
  | 'tagMoved'
  | 'candidateAdopted'
  | 'stagingRemoved';

export interface PublishDeps extends StagedManifestDeps {
  paths: Paths;
  store: ArtifactStore;
  catalogue: Catalogue;
  tags: Tags;
  warmCopies: Pick<WarmCopies, 'adopt'>;
  logger: Pick<Logger, 'warn'>;
  onStep?(step: PublishStep): void;
}

/**
 * Moves a sealed artifact from staging into the store and points the tag at it, idempotently by
 * artifact id. The gate's candidate becomes the warm copy.
 * @throws BerthError TagConflict, OutOfSpace, KeyUnavailable, ArtifactNotFound
 */
export async function publishArtifact(
  deps: PublishDeps,
  input: PublishInput,
  signal?: AbortSignal,
): Promise<PublishResult> {
  const startedAt = performance.now();
  const { manifest, digest, sequence } = await reportingFullDisk(deps.paths.store.root, () =>
    deps.store.withLock((lock) => publishAlone(deps, input, lock, signal), signal),
  );
  await finish(deps, manifest);
  return {
    digest,
    contentDigest: manifest.contentDigest,
    sequence,
    modelBytes: modelBytes(manifest),
    storedBytes: storedBytes(manifest),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

async function publishAlone(
  deps: PublishDeps,
  input: PublishInput,
  lock: HeldLock,
  signal: AbortSignal | undefined,
): Promise<OpenedManifest & { sequence: number }> {
  const { paths, store } = deps;
  const { artifactId } = input;
  const done = (step: PublishStep) => deps.onStep?.(step);
  const published = await findPublished(deps, input);
  if (published !== undefined) {
    await removeStaging(paths, artifactId);
    return published;
  }

  const staged = await signStagedManifest(deps, input, () => currentContent(deps, input));
  const { manifest, digest, bytes } = staged;
  done('signed');
  await moveBlobs(deps, manifest);
  done('blobsMoved');
  await store.wraps.put(artifactId, await readFile(paths.staging(artifactId).wraps));
  done('wrapsWritten');
  // From the manifest on the version can be read: the last moment to heed a cancellation.
  signal?.throwIfAborted();
  lock.assertHeld();
  await store.manifests.put(digest, bytes);
  done('manifestWritten');
  const sequence = await moveTag(deps, input, digest);
  done('tagMoved');
  return { manifest, digest, sequence };
}

/** What is left once the tag moved; others may publish meanwhile. */
async function finish(deps: PublishDeps, manifest: Manifest): Promise<void> {
  const { paths } = deps;
  const { artifactId } = manifest;
  await deps.warmCopies.adopt(manifest, paths.candidate(artifactId));
  deps.onStep?.('candidateAdopted');
  await removeTree(paths.scratch(artifactId));
  await removeStaging(paths, artifactId);
  deps.onStep?.('stagingRemoved');
}

/** An earlier attempt finished, but its answer was lost: staging is removed last of all. */
async function findPublished(
  { paths, catalogue, tags }: PublishDeps,
  { artifactId, request }: PublishInput,
) {
  const { root } = paths.staging(artifactId);
  if ((await listFolder(root)).length > 0) return undefined;
  const { opened } = await catalogue.manifests();
  const found = opened.find(({ manifest }) => manifest.artifactId === artifactId);
  if (found === undefined) {
    throw berthError('ArtifactNotFound', `${root}: missing; the job was discarded, start it again`);
  }
  return { ...found, sequence: await tags.lastSequence(request) };
}

/** contentDigest of what the tag names now; null also when that is broken: publishing mends it. */
async function currentContent(
  { catalogue, logger }: PublishDeps,
  { request: { name, tag } }: PublishInput,
): Promise<string | null> {
  try {
    return (await catalogue.resolve(`${name}:${tag}`)).manifest.contentDigest;
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    if (error.type !== 'ArtifactNotFound') {
      logger.warn(
        { reason: error.message },
        'the version before is broken; publishing replaces it',
      );
    }
    return null;
  }
}

async function moveBlobs({ paths, store }: PublishDeps, manifest: Manifest): Promise<void> {
  const { artifactId, files } = manifest;
  const { blobs } = paths.staging(artifactId);
  const wanted = new Set(files.map(({ blob }) => blob));
  // Attempts that died left blobs that nothing names.
  for (const name of await listFolder(blobs)) {
    if (!wanted.has(name)) await rm(join(blobs, name), { force: true });
  }
  await store.blobs.adopt(artifactId, blobs);
}

/** @returns the tag's sequence after it was moved, by this attempt or an earlier one. */
async function moveTag({ catalogue, tags }: PublishDeps, input: PublishInput, digest: string) {
  const { name, tag } = input.request;
  const mine = (await catalogue.tagsOf(digest)).find(
    (each) => each.name === name && each.tag === tag,
  );
  if (mine !== undefined) return mine.sequence;
  const last = await tags.lastSequence({ name, tag });
  const sequence = last + 1;
  const record = { name, tag, digest, sequence, updatedAt: input.createdAt };
  await tags.compareAndSwapTag(name, tag, last, record);
  return sequence;
}
