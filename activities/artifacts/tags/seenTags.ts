import { z } from 'zod';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { TagRecord } from '../../../workflows/contracts/manifest.ts';
import { readJson, writeJsonAtomic } from '../../platform/atomicFile.ts';
import { withFileLock } from '../../platform/fileLock.ts';
import type { TagKey } from '../store/artifactStore.ts';

const schema = z.record(
  z.string(),
  z.object({
    sequence: z.number().int().positive(),
    digest: z.string(),
    /** Removed by `remove`, so its absence from the store is no surprise. */
    removed: z.boolean().optional(),
  }),
);
type Seen = z.infer<typeof schema>[string];

/**
 * The highest sequence of every tag that this BERTH_HOME has seen: a signature alone does not tell
 * an old record that somebody put back from the current one.
 */
export interface SeenTags {
  find(key: TagKey): Promise<Seen | undefined>;
  list(): Promise<(TagKey & Seen)[]>;
  /** @throws BerthError RollbackDetected naming `file` when the record is older than one seen. */
  check(file: string, record: TagRecord): Promise<void>;
  noteRemoved(key: TagKey): Promise<void>;
}

export function createSeenTags(path: string): SeenTags {
  const idOf = ({ name, tag }: TagKey) => `${name}:${tag}`;
  const read = async () => (await readJson(path, schema)) ?? {};

  async function update(key: TagKey, change: (seen: Seen | undefined) => Seen | undefined) {
    await withFileLock(path, async () => {
      const all = await read();
      const changed = change(all[idOf(key)]);
      if (changed !== undefined) await writeJsonAtomic(path, { ...all, [idOf(key)]: changed });
    });
  }

  return {
    async find(key) {
      return (await read())[idOf(key)];
    },
    async list() {
      return Object.entries(await read()).map(([id, seen]) => {
        const colon = id.lastIndexOf(':');
        return { name: id.slice(0, colon), tag: id.slice(colon + 1), ...seen };
      });
    },
    async check(file, record) {
      const seen = (await read())[idOf(record)];
      if (seen !== undefined) refuseOlder(file, record, seen);
      if (seen?.sequence === record.sequence && !seen.removed) return;
      const { sequence, digest } = record;
      await update(record, (now) =>
        now === undefined || now.sequence <= sequence ? { sequence, digest } : undefined,
      );
    },
    async noteRemoved(key) {
      await update(key, (seen) => seen && { ...seen, removed: true });
    },
  };
}

function refuseOlder(file: string, record: TagRecord, seen: Seen): void {
  const { sequence, digest } = record;
  if (sequence < seen.sequence) {
    throw berthError(
      'RollbackDetected',
      `${file}: has sequence ${sequence}, but this host has seen ${seen.sequence}; an old tag was put back`,
    );
  }
  const removed = sequence === seen.sequence && seen.removed === true;
  if (removed || (sequence === seen.sequence && digest !== seen.digest)) {
    const how = removed ? 'that was removed' : `that named ${seen.digest}, now ${digest}`;
    throw berthError('RollbackDetected', `${file}: repeats sequence ${sequence} ${how}`);
  }
}
