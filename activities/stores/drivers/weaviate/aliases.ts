import { BerthError } from '../../../../workflows/contracts/errors.ts';
import { collectionNotFound } from '../../shared/storeFailure.ts';
import type { VectorStore } from '../../vectorStore.ts';
import type { WeaviateConnection } from './connection.ts';
import { fromClassName, toClassName } from './names.ts';

/** Weaviate's own aliases, whose move is one entry of its schema's log. */
export function createWeaviateAliases(
  { client, where, call }: WeaviateConnection,
  readSpec: VectorStore['readSpec'],
): Pick<VectorStore, 'switchAlias' | 'resolveAlias'> {
  /** Class that the alias names; null: there is no such alias. */
  const target = async (alias: string): Promise<string | null> => {
    try {
      // With a name that is not there, the client rejects.
      const found = await call('read alias', alias, () => client.alias.get(alias));
      return found.collection;
    } catch (error) {
      if (error instanceof BerthError && error.type === 'CollectionNotFound') return null;
      throw error;
    }
  };
  const physicalOf = (name: string | null) =>
    name === null ? null : (fromClassName(name) ?? null);

  return {
    async switchAlias(collection, physical) {
      const alias = toClassName(collection);
      const before = await target(alias);
      const previous = physicalOf(before);
      if (physical === null) {
        if (before !== null)
          await call('remove alias', collection, () => client.alias.delete(alias));
        return previous;
      }
      const wanted = toClassName(physical);
      if (before === wanted) return previous;
      if ((await readSpec(physical)) === undefined) throw collectionNotFound(where, physical);
      await call('switch', physical, () =>
        before === null
          ? client.alias.create({ alias, collection: wanted })
          : client.alias.update({ alias, newTargetCollection: wanted }),
      );
      return previous;
    },

    async resolveAlias(collection) {
      const alias = toClassName(collection);
      let before: string | null = null;
      for (;;) {
        const name = await target(alias);
        const physical = physicalOf(name);
        if (physical === null) return undefined;
        // A physical name has one spec for good: read by that name, it is the one that the alias means.
        const spec = await readSpec(physical);
        if (spec !== undefined) return { physical, spec };
        // Moved away and dropped between both reads, or never Berth's.
        if (name === before) return undefined;
        before = name;
      }
    },
  };
}
