import type { ChromaClient, Collection } from 'chromadb';
import { parseSpec, specText } from '../../shared/collectionSpec.ts';
import type { CollectionSpec, StoredCollection } from '../../vectorStore.ts';
import type { Collections } from './collections.ts';
import { chromaFailure, isNotFound, isTaken } from './failures.ts';

/** No physical name holds a dot. */
const aliasName = (collection: string): string => `berth-alias.${collection}`;

/**
 * Aliases, which Chroma lacks: an empty collection each, whose metadata say where it points and hold
 * that collection's spec. The server replaces metadata in one transaction, so a reader sees the old
 * pair or the new one, by one request.
 */
export function createAliases(client: ChromaClient, collections: Collections, where: string) {
  const { ask } = collections;

  async function read(collection: string): Promise<Collection | undefined> {
    try {
      const name = aliasName(collection);
      return await ask(client.getCollection({ name }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  function pointsTo(alias: Collection | undefined): StoredCollection | undefined {
    const physical = alias?.metadata?.berth_physical;
    const spec = parseSpec(alias?.metadata?.berth_target);
    if (typeof physical !== 'string' || spec === undefined) return undefined;
    return { physical, spec };
  }

  async function point(collection: string, physical: string, spec: CollectionSpec): Promise<void> {
    const metadata = { berth_physical: physical, berth_target: specText(spec) };
    const name = aliasName(collection);
    const present = await read(collection);
    if (present !== undefined) return ask(present.modify({ metadata }));
    try {
      await client.createCollection({ name, embeddingFunction: null, metadata });
    } catch (error) {
      if (!isTaken(error)) throw chromaFailure(error, where);
      const other = await read(collection);
      if (other !== undefined) await ask(other.modify({ metadata }));
    }
  }

  return {
    resolve: async (collection: string) => pointsTo(await read(collection)),
    point,
    async remove(collection: string): Promise<void> {
      try {
        await ask(client.deleteCollection({ name: aliasName(collection) }));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}
