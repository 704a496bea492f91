import type {
  CollectionInfo,
  CollectionVersion,
} from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef, type StoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { Stores } from '../stores/stores.ts';
import type { StoredCollection, VectorStore } from '../stores/vectorStore.ts';
import { versionOf } from './collectionChoice.ts';

/**
 * Berth's collections in some stores, by name, with all their versions, newest first.
 * @param asked null: the host's own stores
 */
export async function listCollections(
  { stores }: { stores: Pick<Stores, 'use' | 'own'> },
  asked: readonly StoreRef[] | null,
): Promise<CollectionInfo[]> {
  const listed: CollectionInfo[] = [];
  for (const ref of asked ?? (await stores.own())) {
    const store = await stores.use(ref);
    const present = await store.listCollections();
    const names = [...new Set(present.map(({ spec }) => spec.collection))].sort();
    for (const collection of names) {
      const own = present.filter(({ spec }) => spec.collection === collection);
      listed.push(await describe(store, formatStoreRef(ref), collection, own));
    }
  }
  return listed;
}

async function describe(
  store: VectorStore,
  name: string,
  collection: string,
  own: readonly StoredCollection[],
): Promise<CollectionInfo> {
  const current = await store.resolveAlias(collection);
  const newestFirst = [...own].sort(
    (a, b) => versionOf(collection, b.physical) - versionOf(collection, a.physical),
  );
  const versions: CollectionVersion[] = [];
  for (const { physical, spec } of newestFirst) {
    const { contentDigest, dimensions } = spec.embedding;
    const { artifact, createdAt } = spec;
    const points = await store.count(physical);
    versions.push({ physical, contentDigest, artifact, dimensions, points, createdAt });
  }
  return { collection, store: name, current: current?.physical ?? null, versions };
}
