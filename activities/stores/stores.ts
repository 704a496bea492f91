import { formatStoreRef, type StoreRef } from '../../workflows/contracts/backfill/request.ts';
import { openStore, type StoreDeps } from './openStore.ts';
import type { VectorStore } from './vectorStore.ts';

/** The stores that one process uses: one open driver a store. */
export interface Stores {
  /** @throws BerthError as openStore; a store that did not open is tried again at the next call */
  use(ref: StoreRef): Promise<VectorStore>;
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
    async close() {
      const all = [...opened.values()];
      opened.clear();
      await Promise.all(
        all.map((opening) => opening.then((store) => store.close()).catch(() => undefined)),
      );
    },
  };
}
