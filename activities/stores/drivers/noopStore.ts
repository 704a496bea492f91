import { requireSameSpec } from '../shared/collectionSpec.ts';
import { collectionNotFound, unsupported } from '../shared/storeFailure.ts';
import type { CollectionSpec, OpenStore, StoreCapabilities, VectorStore } from '../vectorStore.ts';

const where = 'noop';

const capabilities: StoreCapabilities = {
  hybrid: 'none',
  aliases: 'pointer',
  payloadIndexes: false,
  tenants: false,
  quantization: ['none'],
  bulkLoad: false,
  exactSearch: false,
  maxDimensions: 65_536,
};

interface Kept {
  spec: CollectionSpec;
  written: number;
}

/** Of this process, so that every driver that it opens finds the same. */
const collections = new Map<string, Kept>();
const aliases = new Map<string, string>();

/**
 * For benchmarks of everything but a store: points are counted and thrown away. It lives as long as
 * its process, counts a point again that is written again, and has nothing to read or to search.
 */
export const openNoopStore: OpenStore = async () => {
  const use = (physical: string): Kept => {
    const kept = collections.get(physical);
    if (kept === undefined) throw collectionNotFound(where, physical);
    return kept;
  };
  const forgets = (what: string) => unsupported(where, `${what}: it keeps no points`);
  const store: VectorStore = {
    kind: 'noop',
    capabilities,
    limits: async () => ({ bestBatch: 1_000, maxBatch: 100_000, parallel: 4 }),
    async createCollection(physical, spec) {
      const kept = collections.get(physical);
      if (kept !== undefined) requireSameSpec(where, physical, kept.spec, spec);
      else collections.set(physical, { spec, written: 0 });
    },
    readSpec: async (physical) => collections.get(physical)?.spec,
    listCollections: async (collection) =>
      [...collections]
        .filter(([, { spec }]) => collection === undefined || spec.collection === collection)
        .map(([physical, { spec }]) => ({ physical, spec })),
    async dropCollection(physical) {
      collections.delete(physical);
    },
    async upsert(physical, points) {
      use(physical).written += points.length;
    },
    async deletePoints() {
      throw forgets('delete points');
    },
    count: async (physical) => use(physical).written,
    readPoints: async (physical) => {
      use(physical);
      return [];
    },
    // biome-ignore lint/correctness/useYield: it has nothing to give.
    async *scan() {
      throw forgets('scan');
    },
    async search() {
      throw forgets('search');
    },
    async addPayloadIndex() {
      throw unsupported(where, 'index payload fields');
    },
    async beginLoad(physical) {
      use(physical);
    },
    async finishLoad(physical) {
      use(physical);
    },
    async switchAlias(collection, physical) {
      const before = aliases.get(collection) ?? null;
      if (physical === null) aliases.delete(collection);
      else {
        use(physical);
        aliases.set(collection, physical);
      }
      return before;
    },
    async resolveAlias(collection) {
      const physical = aliases.get(collection);
      const kept = physical === undefined ? undefined : collections.get(physical);
      return physical === undefined || kept === undefined
        ? undefined
        : { physical, spec: kept.spec };
    },
    async close() {},
  };
  return store;
};
