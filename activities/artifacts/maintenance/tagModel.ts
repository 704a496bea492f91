import type { TagResult } from '../../../workflows/contracts/activities.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { tagPattern } from '../../../workflows/contracts/ids.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ArtifactStore } from '../store/artifactStore.ts';
import type { Tags } from '../tags/tags.ts';

/**
 * Points a tag at the version that `ref` names; a new sequence also when that version is older.
 * @throws BerthError InvalidRequest, ArtifactNotFound, TagConflict
 */
export async function tagModel(
  deps: { store: ArtifactStore; catalogue: Catalogue; tags: Tags; now?: () => Date },
  ref: string,
  tag: string,
): Promise<TagResult> {
  const { store, catalogue, tags, now = () => new Date() } = deps;
  if (!tagPattern.test(tag)) {
    throw berthError(
      'InvalidRequest',
      `${JSON.stringify(tag)}: no tag; expected lower-case letters, digits, dots, dashes or underscores, at most 63`,
    );
  }
  return store.withLock(async () => {
    const { manifest, digest } = await catalogue.resolve(ref);
    const { name } = manifest;
    const current = (await catalogue.tagsOf(digest)).find(
      (each) => each.name === name && each.tag === tag,
    );
    if (current !== undefined) return { name, tag, digest, sequence: current.sequence };
    const last = await tags.lastSequence({ name, tag });
    const sequence = last + 1;
    const record = { name, tag, digest, sequence, updatedAt: now().toISOString() };
    await tags.compareAndSwapTag(name, tag, last, record);
    return { name, tag, digest, sequence };
  });
}
