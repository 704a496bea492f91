import { isDeepStrictEqual } from 'node:util';
import type { CollectionConfig } from 'weaviate-client';
import { BerthError, failureTypes } from '../../../../workflows/contracts/errors.ts';
import { checkLayout, parseSpec, requireSameSpec } from '../../shared/collectionSpec.ts';
import { collectionNotFound } from '../../shared/storeFailure.ts';
import type {
  CollectionSpec,
  StoreCapabilities,
  StoredCollection,
  VectorStore,
} from '../../vectorStore.ts';
import type { WeaviateConnection } from './connection.ts';
import { fromClassName, toClassName } from './names.ts';
import { filterProperty, propertyOfIndex, weaviateSchema } from './schema.ts';

/** A collection as it is kept here. Properties are added and never go; the spec never changes. */
export interface KnownCollection {
  spec: CollectionSpec;
  properties: Set<string>;
}

export type WeaviateCollections = Pick<
  VectorStore,
  'createCollection' | 'readSpec' | 'listCollections' | 'dropCollection' | 'addPayloadIndex'
> & {
  /**
   * Hands what is kept of a collection, which has to be there, to `use`; after a refusal as it is now,
   * since another process may have made the name anew.
   */
  withKnown<T>(physical: string, use: (known: KnownCollection) => Promise<T>): Promise<T>;
  /** As it is now. */
  fresh(physical: string): Promise<KnownCollection>;
  /** Adds what is missing of the properties of metadata fields. */
  ensureProperties(physical: string, names: Iterable<string>): Promise<void>;
};

/** Classes, whose description is the spec. */
export function createWeaviateCollections(
  { client, where, call }: WeaviateConnection,
  capabilities: StoreCapabilities,
): WeaviateCollections {
  const kept = new Map<string, KnownCollection>();

  const read = async (physical: string): Promise<CollectionConfig | undefined> => {
    const name = toClassName(physical);
    try {
      const config = await call('read', physical, () => client.collections.export(name));
      // An alias is answered with the class that it names.
      return config.name === name ? config : undefined;
    } catch (error) {
      if (error instanceof BerthError && error.type === 'CollectionNotFound') return undefined;
      throw error;
    }
  };

  const fresh = async (physical: string): Promise<KnownCollection> => {
    kept.delete(physical);
    const config = await read(physical);
    const spec = parseSpec(config?.description);
    if (config === undefined || spec === undefined) throw collectionNotFound(where, physical);
    const found = { spec, properties: new Set(config.properties.map(({ name }) => name)) };
    kept.set(physical, found);
    return found;
  };

  const known = async (physical: string) => kept.get(physical) ?? fresh(physical);

  const addProperty = async (physical: string, name: string): Promise<void> => {
    const collection = client.collections.use(toClassName(physical));
    try {
      await call('index', physical, () => collection.config.addProperty(filterProperty(name)));
    } catch (error) {
      // Another process may have been faster.
      const now = await fresh(physical);
      if (!now.properties.has(name)) throw error;
    }
    kept.get(physical)?.properties.add(name);
  };

  const ensureProperties = async (physical: string, names: Iterable<string>): Promise<void> => {
    const { properties } = await known(physical);
    for (const name of new Set(names)) {
      if (!properties.has(name)) await addProperty(physical, name);
    }
  };

  return {
    fresh,

    async withKnown(physical, use) {
      const found = kept.get(physical);
      if (found === undefined) return use(await fresh(physical));
      try {
        return await use(found);
      } catch (error) {
        if (!(error instanceof BerthError) || failureTypes[error.type].retryable) throw error;
        const now = await fresh(physical);
        if (isDeepStrictEqual(now.spec, found.spec)) throw error;
        return use(now);
      }
    },

    ensureProperties,

    async createCollection(physical, spec) {
      checkLayout(where, capabilities, spec);
      try {
        await call('create', null, () =>
          client.collections.create(weaviateSchema(physical, spec) as never),
        );
      } catch (error) {
        const present = await read(physical);
        if (present === undefined) throw error;
        requireSameSpec(where, physical, parseSpec(present.description), spec);
      }
      kept.delete(physical);
    },

    readSpec: async (physical) => parseSpec((await read(physical))?.description),

    async listCollections(collection) {
      const configs = await call('list', null, () => client.collections.listAll());
      return configs.flatMap((config): StoredCollection[] => {
        const spec = parseSpec(config.description);
        const physical = fromClassName(config.name);
        if (spec === undefined || physical === undefined) return [];
        return collection === undefined || spec.collection === collection
          ? [{ physical, spec }]
          : [];
      });
    },

    async dropCollection(physical) {
      kept.delete(physical);
      if ((await read(physical)) === undefined) return;
      const collection = toClassName(physical);
      // They would stay, and name whatever is made under that name later.
      const aliases = await call('read aliases', null, () => client.alias.listAll({ collection }));
      for (const { alias } of aliases ?? []) {
        await call('remove alias', null, () => client.alias.delete(alias));
      }
      await call('drop', null, () => client.collections.delete(collection));
    },

    async addPayloadIndex(physical, index) {
      await ensureProperties(physical, [propertyOfIndex(index)]);
    },
  };
}
