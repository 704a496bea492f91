import type { ChromaClient, Collection } from 'chromadb';
import { parseSpec, specText } from '../../shared/collectionSpec.ts';
import { collectionNotFound } from '../../shared/storeFailure.ts';
import type { CollectionSpec } from '../../vectorStore.ts';
import { chromaFailure, inTime, isNotFound } from './failures.ts';

/** Key in a collection's metadata. */
const specKey = 'berth_spec';

/** Above the defaults: recall before speed of the build. */
const configuration = {
  hnsw: { space: 'cosine' as const, ef_construction: 200, ef_search: 200, max_neighbors: 16 },
};

export interface OpenCollection {
  handle: Collection;
  spec: CollectionSpec;
}

export interface CollectionsDeps {
  client: ChromaClient;
  where: string;
  timeoutMs: number;
}

/** Berth's collections of one server. */
export function createCollections({ client, where, timeoutMs }: CollectionsDeps) {
  const open = new Map<string, OpenCollection>();

  /** A request, with its time limit and its failure as Berth names it. */
  async function ask<T>(request: Promise<T>): Promise<T> {
    try {
      return await inTime(request, where, timeoutMs);
    } catch (error) {
      throw isNotFound(error) ? error : chromaFailure(error, where);
    }
  }

  /** @returns undefined when there is none, or it is not Berth's */
  async function find(physical: string): Promise<OpenCollection | undefined> {
    open.delete(physical);
    try {
      const handle = await ask(client.getCollection({ name: physical }));
      const spec = parseSpec(handle.metadata?.[specKey]);
      if (spec === undefined) return undefined;
      const found = { handle, spec };
      open.set(physical, found);
      return found;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  return {
    ask,
    find,
    forget: (physical: string): void => void open.delete(physical),
    /** Runs `work` on a collection, on a new handle where another one has taken its name. */
    async run<T>(physical: string, work: (one: OpenCollection) => Promise<T>): Promise<T> {
      const known = open.get(physical);
      const one = known ?? (await find(physical));
      if (one === undefined) throw collectionNotFound(where, physical);
      try {
        return await work(one);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        const again = known === undefined ? undefined : await find(physical);
        if (again === undefined) throw collectionNotFound(where, physical);
        return work(again);
      }
    },
    /** @throws ChromaUniqueError as it is, by way of chromaFailure otherwise */
    create: (physical: string, spec: CollectionSpec): Promise<Collection> =>
      inTime(
        client.createCollection({
          name: physical,
          embeddingFunction: null,
          configuration,
          metadata: { [specKey]: specText(spec) },
        }),
        where,
        timeoutMs,
      ),
    /** Every collection with its spec, those of others left out. */
    async list(): Promise<{ physical: string; spec: CollectionSpec }[]> {
      const found: { physical: string; spec: CollectionSpec }[] = [];
      for (let offset = 0; ; offset += 100) {
        const page = await ask(client.listCollections({ limit: 100, offset }));
        for (const { name, metadata } of page) {
          const spec = parseSpec(metadata?.[specKey]);
          if (spec !== undefined) found.push({ physical: name, spec });
        }
        if (page.length < 100) return found;
      }
    },
  };
}
export type Collections = ReturnType<typeof createCollections>;
