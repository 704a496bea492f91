import { z } from 'zod';
import { readJson, writeJsonAtomic } from '../platform/atomicFile.ts';

/** How fast models embed on one device of this host, for estimates. */
export interface EmbeddingRates {
  /** Chunks a second; undefined: no former job says. */
  read(contentDigest: string): Promise<number | undefined>;
  record(contentDigest: string, chunksPerSecond: number): Promise<void>;
}

const schema = z.record(z.string(), z.object({ chunksPerSecond: z.number().positive() }));

/** Share of a new measurement: pages differ in the length of their texts. */
const weight = 0.2;

/** Kept in a file; of two processes that write at once the last one wins, which does no harm. */
export function createEmbeddingRates(path: string): EmbeddingRates {
  // A damaged file is only missing knowledge, and written anew.
  const all = async () => (await readJson(path, schema).catch(() => undefined)) ?? {};
  return {
    read: async (contentDigest) => (await all())[contentDigest]?.chunksPerSecond,
    async record(contentDigest, measured) {
      const rates = await all();
      const before = rates[contentDigest]?.chunksPerSecond ?? measured;
      const chunksPerSecond = before + weight * (measured - before);
      await writeJsonAtomic(path, { ...rates, [contentDigest]: { chunksPerSecond } });
    },
  };
}
