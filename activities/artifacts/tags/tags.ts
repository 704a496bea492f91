import { z } from 'zod';
import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import { modelNamePattern, sha256Pattern, tagPattern } from '../../../workflows/contracts/ids.ts';
import { type TagRecord, tagPayloadType } from '../../../workflows/contracts/manifest.ts';
import { openEnvelope, signEnvelope } from '../signing/dsse.ts';
import type { SigningKey } from '../signing/signingKey.ts';
import type { Trust } from '../signing/trust.ts';
import type { ArtifactStore, TagKey } from '../store/artifactStore.ts';
import type { SeenTags } from './seenTags.ts';

const recordSchema: z.ZodType<TagRecord> = z.strictObject({
  name: z.string().regex(modelNamePattern),
  tag: z.string().regex(tagPattern),
  digest: z.string().regex(sha256Pattern),
  sequence: z.number().int().positive(),
  updatedAt: z.iso.datetime(),
});

export interface TagsDeps {
  store: Pick<ArtifactStore, 'tags'>;
  trust: Trust;
  seen: SeenTags;
  loadKey(): Promise<SigningKey>;
}

/** Signed pointers from tags to versions, read with all checks. */
export interface Tags {
  /** @throws BerthError SignatureInvalid, ArtifactCorrupt or RollbackDetected naming the file. */
  read(key: TagKey): Promise<TagRecord | undefined>;
  /**
   * Sequence that the next record follows: 0 for a tag that was never seen. A record that does not
   * verify counts as absent, so that publishing again mends it; what this host has seen still counts.
   */
  lastSequence(key: TagKey): Promise<number>;
  /**
   * Points a tag at a version, provided that it still stands at `expectedSequence`.
   * @throws BerthError TagConflict when somebody moved it first.
   */
  compareAndSwapTag(
    name: string,
    tag: string,
    expectedSequence: number,
    record: TagRecord,
  ): Promise<void>;
  remove(key: TagKey): Promise<void>;
}

export function createTags({ store, trust, seen, loadKey }: TagsDeps): Tags {
  async function open(key: TagKey, bytes: Uint8Array): Promise<TagRecord> {
    const file = store.tags.describe(key);
    const { value } = await openEnvelope(file, bytes, tagPayloadType, trust);
    const parsed = recordSchema.safeParse(value);
    if (!parsed.success) throw berthError('ArtifactCorrupt', `${file}: no tag record`);
    const { name, tag } = parsed.data;
    if (name !== key.name || tag !== key.tag) {
      throw berthError(
        'ArtifactCorrupt',
        `${file}: holds the record of ${name}:${tag}; it was swapped`,
      );
    }
    await seen.check(file, parsed.data);
    return parsed.data;
  }

  async function read(key: TagKey): Promise<TagRecord | undefined> {
    const found = await store.tags.get(key);
    return found && open(key, found.bytes);
  }

  async function lastSequence(key: TagKey): Promise<number> {
    const record = await read(key).catch((error: unknown) => {
      if (error instanceof BerthError) return undefined;
      throw error;
    });
    // A removed tag goes on counting, else its old records could come back.
    return Math.max(record?.sequence ?? 0, (await seen.find(key))?.sequence ?? 0);
  }

  return {
    read,
    lastSequence,
    async compareAndSwapTag(name, tag, expectedSequence, record) {
      const bytes = signEnvelope(tagPayloadType, record, await loadKey());
      // Read first: what moves the tag after this changes the version.
      const version = (await store.tags.get({ name, tag }))?.version ?? null;
      const moved =
        (await lastSequence({ name, tag })) === expectedSequence &&
        (await store.tags.swap({ name, tag }, bytes, version));
      if (!moved) {
        throw berthError(
          'TagConflict',
          `${name}:${tag}: moved by somebody else since sequence ${expectedSequence}; try again`,
        );
      }
      await seen.check(store.tags.describe({ name, tag }), record);
    },
    async remove(key) {
      // Noted last: a crash in between must leave a tag that can be read and removed again.
      await store.tags.remove(key);
      await seen.noteRemoved(key);
    },
  };
}
