import { isDeepStrictEqual } from 'node:util';
import type { Schemas } from '@qdrant/js-client-rest';
import pLimit from 'p-limit';
import { BerthError, failureTypes } from '../../../../workflows/contracts/errors.ts';
import { checkLayout, requireSameSpec } from '../../shared/collectionSpec.ts';
import { collectionNotFound } from '../../shared/storeFailure.ts';
import type {
  CollectionSpec,
  StoreCapabilities,
  StoredCollection,
  VectorStore,
} from '../../vectorStore.ts';
import type { QdrantConnection } from './connection.ts';
import { payloadPath } from './filter.ts';
import { fieldSchema, qdrantIndexes, qdrantLayout, readMetadata } from './layout.ts';

export type QdrantCollections = Pick<
  VectorStore,
  | 'createCollection'
  | 'readSpec'
  | 'listCollections'
  | 'dropCollection'
  | 'addPayloadIndex'
  | 'switchAlias'
  | 'resolveAlias'
> & {
  /**
   * Hands the spec of a collection, which has to be there, to `use`. It is kept, as no collection
   * changes its own; a refusal has it read again, since another process may have made the name anew.
   */
  withSpec<T>(physical: string, use: (spec: CollectionSpec) => Promise<T>): Promise<T>;
  /** Has the spec read again. */
  forget(physical: string): void;
};

/** Collections, their specs and aliases. A spec stands in its collection's metadata. */
export function createQdrantCollections(
  { client, where, call }: QdrantConnection,
  capabilities: StoreCapabilities,
): QdrantCollections {
  const specs = new Map<string, CollectionSpec>();

  /** By name or alias; undefined: there is none. */
  const describe = async (name: string): Promise<Schemas['CollectionInfo'] | undefined> => {
    try {
      return await call('read', name, () => client.getCollection(name));
    } catch (error) {
      if (error instanceof BerthError && error.type === 'CollectionNotFound') return undefined;
      throw error;
    }
  };

  const readNamed = async (name: string): Promise<StoredCollection | undefined> => {
    const info = await describe(name);
    return info === undefined ? undefined : readMetadata(info);
  };

  const readSpec = async (physical: string): Promise<CollectionSpec | undefined> => {
    const found = await readNamed(physical);
    return found?.physical === physical ? found.spec : undefined;
  };

  const fresh = async (physical: string): Promise<CollectionSpec> => {
    specs.delete(physical);
    const spec = await readSpec(physical);
    if (spec === undefined) throw collectionNotFound(where, physical);
    specs.set(physical, spec);
    return spec;
  };

  const addIndex = (physical: string, field: string, schema: Schemas['PayloadFieldSchema']) =>
    call('index', physical, () =>
      client.createPayloadIndex(physical, {
        field_name: payloadPath(field),
        field_schema: schema,
        wait: true,
      }),
    );

  return {
    readSpec,

    async withSpec(physical, use) {
      const kept = specs.get(physical);
      if (kept === undefined) return use(await fresh(physical));
      try {
        return await use(kept);
      } catch (error) {
        if (!(error instanceof BerthError) || failureTypes[error.type].retryable) throw error;
        const now = await fresh(physical);
        if (isDeepStrictEqual(now, kept)) throw error;
        return use(now);
      }
    },

    forget: (physical) => void specs.delete(physical),

    async createCollection(physical, spec) {
      checkLayout(where, capabilities, spec);
      const body = qdrantLayout(physical, spec);
      try {
        // By the generated client: the hand-written method leaves the metadata out.
        await call('create', null, () =>
          client.api().createCollection({ collection_name: physical, ...body }),
        );
      } catch (error) {
        const present = await describe(physical);
        if (present === undefined) throw error;
        requireSameSpec(where, physical, readMetadata(present)?.spec, spec);
      }
      for (const { field, type } of qdrantIndexes(spec)) {
        await addIndex(physical, field, fieldSchema(type, field === spec.layout.tenantField));
      }
    },

    async listCollections(collection) {
      const { collections } = await call('list', null, () => client.getCollections());
      const limit = pLimit(8);
      const found = await Promise.all(collections.map(({ name }) => limit(() => readNamed(name))));
      return found
        .filter((one) => one !== undefined)
        .filter(({ spec }) => collection === undefined || spec.collection === collection);
    },

    async dropCollection(physical) {
      specs.delete(physical);
      if ((await describe(physical)) === undefined) return;
      await call('drop', null, () => client.deleteCollection(physical));
    },

    async addPayloadIndex(physical, { field, type }) {
      await addIndex(physical, field, fieldSchema(type, false));
    },

    async switchAlias(collection, physical) {
      const { aliases } = await call('read aliases', null, () => client.getAliases());
      const previous =
        aliases.find(({ alias_name }) => alias_name === collection)?.collection_name ?? null;
      const actions: Schemas['AliasOperations'][] = [];
      if (previous !== null) actions.push({ delete_alias: { alias_name: collection } });
      if (physical !== null) {
        actions.push({ create_alias: { alias_name: collection, collection_name: physical } });
      }
      if (previous === physical) return previous;
      // One request: readers meet the old collection or the new one, never none.
      await call('switch', physical, () => client.updateCollectionAliases({ actions }));
      return previous;
    },

    async resolveAlias(collection) {
      const found = await readNamed(collection);
      // A collection of that very name is no alias.
      return found === undefined || found.physical === collection ? undefined : found;
    },
  };
}
