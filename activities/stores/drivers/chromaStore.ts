import { ChromaClient } from 'chromadb';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { checkPoints, checkQuery } from '../shared/checkPoints.ts';
import { checkLayout, requireSameSpec } from '../shared/collectionSpec.ts';
import { filterClauses } from '../shared/filters.ts';
import { collectionNotFound } from '../shared/storeFailure.ts';
import { checkStoreUrl } from '../shared/storeUrl.ts';
import type { OpenStore, StoreCapabilities, StoreLimits, VectorStore } from '../vectorStore.ts';
import { createAliases } from './chroma/aliases.ts';
import { createCollections } from './chroma/collections.ts';
import { chromaFailure, isNotFound, isTaken } from './chroma/failures.ts';
import { fromFields, replacing, toFields } from './chroma/fields.ts';
import { searchHybrid, searchVectors } from './chroma/search.ts';
import { toWhere } from './chroma/where.ts';

const capabilities: StoreCapabilities = {
  hybrid: 'fused',
  aliases: 'pointer',
  // Chroma indexes every field of the metadata by itself.
  payloadIndexes: true,
  // By a condition on the field in every search.
  tenants: true,
  quantization: ['none'],
  bulkLoad: false,
  exactSearch: false,
  maxDimensions: 65_536,
};

/** Its documentation: 50 to 250 points a request; more only wait longer for their answer. */
const bestBatch = 150;
/** The server takes 40 MB a request. */
const requestBytes = 30e6;

const scanPage = 500;

/** A Chroma server by its HTTP API; CHROMA_TOKEN, CHROMA_TENANT and CHROMA_DATABASE by environment. */
export const openChromaStore: OpenStore = async ({ url, stackUrl, env, timeoutMs = 30_000 }) => {
  const address = url ?? stackUrl;
  if (address === null) {
    throw berthError(
      'StoreUnavailable',
      'store chroma: the stack runs none; start it without BERTH_CHROMA=off or give chroma=http://host:port',
    );
  }
  const { protocol, hostname, port, host } = checkStoreUrl(
    'chroma',
    address,
    ['http:', 'https:'],
    'CHROMA_TOKEN',
  );
  const ssl = protocol === 'https:';
  const token = env.CHROMA_TOKEN;
  const client = new ChromaClient({
    host: hostname,
    port: Number(port) || (ssl ? 443 : 80),
    ssl,
    tenant: env.CHROMA_TENANT || 'default_tenant',
    database: env.CHROMA_DATABASE || 'default_database',
    headers: token ? { 'x-chroma-token': token, authorization: `Bearer ${token}` } : {},
  });
  const where = `chroma=${protocol}//${host}`;
  const collections = createCollections({ client, where, timeoutMs });
  const { ask, run } = collections;
  const aliases = createAliases(client, collections, where);

  async function limits(dimensions: number): Promise<StoreLimits> {
    const most = await ask(client.getMaxBatchSize());
    const fitting = Math.floor(requestBytes / (dimensions * 6 + 8_000));
    const maxBatch = Math.max(1, Math.min(most > 0 ? most : 1_000, fitting, 1_000));
    return { bestBatch: Math.min(bestBatch, maxBatch), maxBatch, parallel: 2 };
  }

  const store: VectorStore = {
    kind: 'chroma',
    capabilities,
    limits,

    async createCollection(physical, spec) {
      checkLayout(where, capabilities, spec);
      try {
        await collections.create(physical, spec);
        collections.forget(physical);
      } catch (error) {
        if (!isTaken(error)) throw chromaFailure(error, where);
        requireSameSpec(where, physical, await store.readSpec(physical), spec);
      }
    },

    readSpec: async (physical) => (await collections.find(physical))?.spec,

    listCollections: async (collection) =>
      (await collections.list()).filter(
        ({ spec }) => collection === undefined || spec.collection === collection,
      ),

    async dropCollection(physical) {
      const found = await collections.find(physical);
      if (found === undefined) return;
      const { collection } = found.spec;
      if ((await aliases.resolve(collection))?.physical === physical) {
        await aliases.remove(collection);
      }
      collections.forget(physical);
      try {
        await ask(client.deleteCollection({ name: physical }));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },

    upsert: (physical, points) =>
      run(physical, async ({ handle, spec }) => {
        const { dimensions } = spec.embedding;
        const { maxBatch } = await limits(dimensions);
        const place = `${where}: ${physical}`;
        const batch = checkPoints(place, points, { dimensions, maxBatch });
        if (batch.length === 0) return;
        const ids = batch.map(({ id }) => id);
        const fields = batch.map(toFields);
        const there = await ask(handle.get({ ids, include: ['metadatas'] }));
        const present = new Map(there.ids.map((id, at) => [id, there.metadatas[at] ?? {}]));
        await ask(
          handle.upsert({
            ids,
            embeddings: batch.map(({ vector }) => Array.from(vector)),
            documents: batch.map(({ text }) => text),
            metadatas: fields.map((one, at) => replacing(one, present.get(ids[at] as string))),
          }),
        );
      }),

    deletePoints: (physical, ids) =>
      run(physical, async ({ handle }) => {
        for (let at = 0; at < ids.length; at += scanPage) {
          await ask(handle.delete({ ids: ids.slice(at, at + scanPage) }));
        }
      }),

    count: (physical) => run(physical, ({ handle }) => ask(handle.count())),

    readPoints: (physical, ids, { vectors }) =>
      run(physical, async ({ handle }) => {
        if (ids.length === 0) return [];
        return readPage(await ask(handle.get({ ids: [...ids], include: includes(vectors) })));
      }),

    async *scan(physical, { vectors }) {
      for (let offset = 0; ; offset += scanPage) {
        const page = await run(physical, ({ handle }) =>
          ask(handle.get({ limit: scanPage, offset, include: includes(vectors) })),
        );
        if (page.ids.length > 0) yield readPage(page);
        if (page.ids.length < scanPage) return;
      }
    },

    search: (physical, query) =>
      run(physical, async ({ handle, spec: { layout, embedding } }) => {
        const place = `${where}: ${physical}`;
        checkQuery(place, store, query, { ...layout, dimensions: embedding.dimensions });
        const tenant = { field: layout.tenantField, value: query.tenant };
        const condition = toWhere(place, filterClauses(query.filter, tenant));
        const search = query.hybrid ? searchHybrid : searchVectors;
        return search(ask, handle, query, condition);
      }),

    async addPayloadIndex(physical) {
      await run(physical, async () => undefined);
    },
    async beginLoad(physical) {
      await run(physical, ({ handle }) => ask(handle.count()));
    },
    // Chroma searches what its index has not taken up yet by brute force: nothing to wait for.
    async finishLoad(physical) {
      await run(physical, ({ handle }) => ask(handle.count()));
    },

    async switchAlias(collection, physical) {
      const before = await aliases.resolve(collection);
      if (physical === null) await aliases.remove(collection);
      else {
        const spec = await store.readSpec(physical);
        if (spec === undefined) throw collectionNotFound(where, physical);
        await aliases.point(collection, physical, spec);
      }
      return before?.physical ?? null;
    },

    resolveAlias: (collection) => aliases.resolve(collection),

    async close() {},
  };
  return store;
};

type Include = ('metadatas' | 'documents' | 'embeddings')[];
const includes = (vectors: boolean): Include =>
  vectors ? ['metadatas', 'documents', 'embeddings'] : ['metadatas', 'documents'];

interface Page {
  ids: string[];
  metadatas: (Record<string, unknown> | null)[];
  documents: (string | null)[];
  embeddings: number[][];
}

const readPage = ({ ids, metadatas, documents, embeddings }: Page) =>
  ids.map((id, at) =>
    fromFields(id, metadatas[at] ?? {}, documents[at] ?? '', embeddings[at] ?? null),
  );
