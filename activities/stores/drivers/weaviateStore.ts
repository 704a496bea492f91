import type {
  OpenStore,
  StoreCapabilities,
  StoreDriverOptions,
  StoreLimits,
} from '../vectorStore.ts';
import { createWeaviateAliases } from './weaviate/aliases.ts';
import { createWeaviateCollections } from './weaviate/collections.ts';
import { connectWeaviate, type WeaviateConnection } from './weaviate/connection.ts';
import { createDoubts, type Doubts, openDoubts } from './weaviate/doubts.ts';
import { createWeaviateLoading } from './weaviate/loading.ts';
import { createWeaviatePoints } from './weaviate/points.ts';
import { createWeaviateSearch } from './weaviate/search.ts';

const capabilities: StoreCapabilities = {
  hybrid: 'native',
  aliases: 'native',
  payloadIndexes: true,
  tenants: true,
  quantization: ['none', 'scalar', 'binary'],
  bulkLoad: false,
  exactSearch: false,
  maxDimensions: 65_535,
};

/** A batch of the largest vectors stays below the 100 MiB that a gRPC message may have. */
const limits: StoreLimits = { bestBatch: 200, maxBatch: 300, parallel: 4 };

/**
 * Weaviate 1.33 or newer, by its client (gRPC for data, REST for the rest). Every metadata field of
 * scalars is indexed, each kind of value by a property of its own, which is added when it first
 * occurs; tenants share a collection and are told apart by theirs. Texts cannot be ordered in filters.
 */
export const openWeaviateStore: OpenStore = async (options) => {
  const connection = await connectWeaviate(options);
  const collections = createWeaviateCollections(connection, capabilities);
  const { readSpec } = collections;
  const doubts = await openDoubtsOf(options, connection);
  return {
    kind: 'weaviate',
    capabilities,
    limits: async () => limits,
    createCollection: collections.createCollection,
    readSpec,
    listCollections: collections.listCollections,
    async dropCollection(physical) {
      await collections.dropCollection(physical);
      await doubts.forget(physical);
    },
    addPayloadIndex: collections.addPayloadIndex,
    ...createWeaviatePoints(connection, collections, doubts, limits.maxBatch),
    search: createWeaviateSearch(connection, collections, capabilities),
    ...createWeaviateLoading(connection, collections),
    ...createWeaviateAliases(connection, readSpec),
    async close() {
      await connection.close();
      await doubts.close();
    },
  };
};

async function openDoubtsOf(
  { folder }: StoreDriverOptions,
  connection: WeaviateConnection,
): Promise<Doubts> {
  if (folder === undefined) return createDoubts();
  try {
    return openDoubts(folder, connection.where);
  } catch (error) {
    await connection.close();
    throw error;
  }
}
