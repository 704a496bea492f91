import { pointId } from '../../../activities/backfill/pointIds.ts';
import { createStores, type Stores } from '../../../activities/stores/stores.ts';
import { createStackUrl } from '../../../workers/stackUrl.ts';
import { formatStoreRef, type StoreRef } from '../../../workflows/contracts/backfill/request.ts';
import type { FaultStack } from '../faults.ts';
import type { CorpusRecord } from './hostJob.ts';

/** The stack's own stores, which its faulted backfills fill. */
export const ownStores: readonly StoreRef[] = [
  { kind: 'chroma', url: null },
  { kind: 'lancedb', url: null },
];

/** Opens the stores of a stack as its workers do, anew: a server may have another address now. */
export async function withStores<T>(
  { env, home, paths }: Pick<FaultStack, 'env' | 'home' | 'paths'>,
  use: (stores: Stores) => Promise<T>,
): Promise<T> {
  const stores = createStores({ env, home, stackUrl: createStackUrl(paths) });
  try {
    return await use(stores);
  } finally {
    await stores.close();
  }
}

/**
 * Everything by which the collection that the alias names differs from its source, record by record:
 * points that lack, are too many, are there twice, or hold another text. Records are of one chunk.
 * @param physical what the alias has to name
 */
export function findDifferences(
  stack: Pick<FaultStack, 'env' | 'home' | 'paths'>,
  { collection, physical }: { collection: string; physical: string },
  records: readonly CorpusRecord[],
): Promise<string[]> {
  return withStores(stack, async (stores) => {
    const wrong: string[] = [];
    for (const ref of ownStores) {
      const say = (what: string) => wrong.push(`${formatStoreRef(ref)}: ${what}`);
      const store = await stores.use(ref);
      const named = (await store.resolveAlias(collection))?.physical;
      if (named !== physical) say(`the alias names ${named}`);
      const wanted = new Map(records.map(({ id, text }) => [pointId('corpus', id, 0), text]));
      let scanned = 0;
      for await (const page of store.scan(physical, { vectors: false })) {
        scanned += page.length;
        for (const { id, recordId, text } of page) {
          if (wanted.get(id) !== text) say(`${recordId} is there twice, too much, or wrong`);
          wanted.delete(id);
        }
      }
      for (const text of wanted.values()) say(`lacks "${text}"`);
      const count = await store.count(physical);
      if (count !== records.length || scanned !== count) say(`counts ${count}, gives ${scanned}`);
    }
    return wrong;
  });
}

/** Physical collections that there are, by store, of a collection. */
export function versionsOf(
  stack: Pick<FaultStack, 'env' | 'home' | 'paths'>,
  collection: string,
): Promise<Record<string, string[]>> {
  return withStores(stack, async (stores) => {
    const versions: Record<string, string[]> = {};
    for (const ref of ownStores) {
      const listed = await (await stores.use(ref)).listCollections(collection);
      versions[formatStoreRef(ref)] = listed.map(({ physical }) => physical).sort();
    }
    return versions;
  });
}
