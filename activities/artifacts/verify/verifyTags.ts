import type { VerifyFailure } from '../../../workflows/contracts/activities.ts';
import type { ArtifactStore } from '../store/artifactStore.ts';
import type { SeenTags } from '../tags/seenTags.ts';
import type { Tags } from '../tags/tags.ts';
import { reasonOf } from './verifyWraps.ts';

/** Reads every tag of a model; one that this host has seen and nobody removed must be there. */
export async function verifyTags(
  { store, tags, seen }: { store: Pick<ArtifactStore, 'tags'>; tags: Tags; seen: SeenTags },
  name: string,
): Promise<VerifyFailure[]> {
  const failures: VerifyFailure[] = [];
  const present = (await store.tags.list()).filter((key) => key.name === name);
  for (const key of present) {
    try {
      await tags.read(key);
    } catch (error) {
      const file = store.tags.describe(key);
      failures.push({ file, reason: reasonOf(error, file) });
    }
  }
  for (const known of await seen.list()) {
    const there = present.some(({ tag }) => tag === known.tag);
    if (known.name !== name || known.removed || there) continue;
    failures.push({
      file: store.tags.describe(known),
      reason: `it is missing; this host has seen its sequence ${known.sequence}`,
    });
  }
  return failures;
}
