import { existsSync } from 'node:fs';
import { formatStoreRef, type StoreRef } from '../../workflows/contracts/backfill/request.ts';
import { openStore, ownLanceFolder, type StoreDeps } from './openStore.ts';
import type { VectorStore } from './vectorStore.ts';

/** The stores that one process uses: one open driver a store. */
export interface Stores {
  /** @throws BerthError as openStore; a store that did not open is tried again at the next call */
  use(ref: StoreRef): Promise<VectorStore>;
  /** Those that are there without an address: the stack's Chroma, LanceDB once it was used. */
  own(): Promise<StoreRef[]>;
  close(): Promise<void>;
}

export function createStores(deps: StoreDeps, open = openStore): Stores {
  const opened = new Map<string, Promise<VectorStore>>();
  return {
    async use(ref) {
      // The stack's own store may have come back under another address.
      const place = ref.url ?? (await deps.stackUrl(ref.kind)) ?? '';
      const key = `${formatStoreRef(ref)} ${place}`;
      const known = opened.get(key);
      if (known !== undefined) return known;
      const opening = open(ref, deps);
      opened.set(key, opening);
      opening.catch(() => opened.delete(key));
      return opening;
    },
    async own() {
      const refs: StoreRef[] = [];
      if ((await deps.stackUrl('chroma')) !== null) refs.push({ kind: 'chroma', url: null });
      if (existsSync(ownLanceFolder(deps.home))) refs.push({ kind: 'lancedb', url: null });
      return refs;
    },
    async close() {
      const all = [...opened.values()];
      opened.clear();
      await Promise.all(
        all.map((opening) => opening.then((store) => store.close()).catch(() => undefined)),
      );
    },
  };
}
