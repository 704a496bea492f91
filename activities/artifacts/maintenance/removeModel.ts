import type { RemoveResult } from '../../../workflows/contracts/activities.ts';
import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import { parseModelRef } from '../../../workflows/contracts/ids.ts';
import type { Catalogue, ResolvedModel } from '../catalogue/catalogue.ts';
import type { ArtifactStore, TagKey } from '../store/artifactStore.ts';
import type { Tags } from '../tags/tags.ts';
import type { WarmCopies } from '../warm/warmCopies.ts';

export interface RemoveDeps {
  store: ArtifactStore;
  catalogue: Catalogue;
  tags: Tags;
  warmCopies: Pick<WarmCopies, 'evict'>;
}

/**
 * Removes a version for good: its wrapped keys first, so that nothing opens the blobs from then on
 * (crypto-erase), whatever copies of them exist elsewhere.
 * @throws BerthError ModelInUse naming the other tags of the version, unless `force`
 */
export async function removeModel(
  deps: RemoveDeps,
  ref: string,
  force: boolean,
): Promise<RemoveResult> {
  return deps.store.withLock(async () => {
    const model = await resolveOrFinish(deps, ref);
    return 'tags' in model ? model : removeVersion(deps, model, ref, force);
  });
}

async function removeVersion(
  { store, catalogue, tags, warmCopies }: RemoveDeps,
  { manifest, digest, record }: ResolvedModel,
  ref: string,
  force: boolean,
): Promise<RemoveResult> {
  const naming = await catalogue.tagsOf(digest);
  const others = naming.filter(({ name, tag }) => name !== record?.name || tag !== record.tag);
  if (others.length > 0 && !force) {
    throw berthError(
      'ModelInUse',
      `${ref}: also named by ${others.map(show).join(', ')}; remove those tags' model with --force, or point them elsewhere first`,
      { tags: others.map(show) },
    );
  }
  await store.wraps.remove(manifest.artifactId);
  const freedBytes = await store.blobs.remove(manifest.artifactId);
  await evictUnlessShared(catalogue, warmCopies, manifest);
  for (const other of others) await tags.remove(other);
  await store.manifests.remove(digest);
  // The tag that was asked for goes last: a retry after a crash still finds it.
  if (record !== undefined) await tags.remove(record);
  return { digest, tags: naming.map(show), freedBytes };
}

async function evictUnlessShared(
  catalogue: Catalogue,
  warmCopies: Pick<WarmCopies, 'evict'>,
  { artifactId, contentDigest }: ResolvedModel['manifest'],
): Promise<void> {
  const { opened } = await catalogue.manifests();
  const shared = opened.some(
    ({ manifest }) =>
      manifest.contentDigest === contentDigest && manifest.artifactId !== artifactId,
  );
  if (!shared) await warmCopies.evict(contentDigest);
}

/** Resolves the reference, or ends a removal that was cut off when only its tag was left. */
async function resolveOrFinish(
  { store, catalogue, tags }: RemoveDeps,
  text: string,
): Promise<ResolvedModel | RemoveResult> {
  try {
    return await catalogue.resolve(text);
  } catch (error) {
    const ref = parseModelRef(text);
    if (!(error instanceof BerthError) || ref?.tag === undefined) throw error;
    const record = await tags.read(ref);
    if (record === undefined || (await store.manifests.get(record.digest)) !== undefined) {
      throw error;
    }
    await tags.remove(record);
    return { digest: record.digest, tags: [show(record)], freedBytes: 0 };
  }
}

function show({ name, tag }: TagKey): string {
  return `${name}:${tag}`;
}
