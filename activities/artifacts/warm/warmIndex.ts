import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { BerthError } from '../../../workflows/contracts/errors.ts';
import { sha256Pattern } from '../../../workflows/contracts/ids.ts';
import { readJson, writeJsonAtomic } from '../../platform/atomicFile.ts';
import { withFileLock } from '../../platform/fileLock.ts';

const whole = z.number().int().nonnegative();

const indexSchema = z.object({
  copies: z.record(
    z.string().regex(sha256Pattern),
    z.object({
      bytes: whole,
      pinned: z.boolean(),
      locked: z.boolean(),
      /** Milliseconds since the epoch. */
      warmedAt: z.number(),
      lastUsedAt: z.number(),
    }),
  ),
  /** Files of evicted copies that processes may still map. */
  held: z.array(z.object({ contentDigest: z.string(), dev: whole, ino: whole, bytes: whole })),
});
export type WarmIndex = z.infer<typeof indexSchema>;
export type CopyEntry = WarmIndex['copies'][string];
export type HeldFile = WarmIndex['held'][number];

/** What the folder of warm copies cannot tell: use, pins, and bytes that outlive their name. */
export interface WarmIndexFile {
  read(): Promise<WarmIndex>;
  update(change: (index: WarmIndex) => void): Promise<void>;
}

export function createWarmIndex(path: string): WarmIndexFile {
  async function read(): Promise<WarmIndex> {
    try {
      return (await readJson(path, indexSchema)) ?? { copies: {}, held: [] };
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      // A damaged index costs the order of use and the pins; the folder says what there is.
      await rm(path, { force: true });
      return { copies: {}, held: [] };
    }
  }
  return {
    read,
    async update(change) {
      await withFileLock(path, async () => {
        const index = await read();
        const before = JSON.stringify(index);
        change(index);
        if (JSON.stringify(index) !== before) await writeJsonAtomic(path, index);
      });
    },
  };
}
