import { berthError } from '../../../workflows/contracts/errors.ts';
import { checkPoints, checkQuery } from '../shared/checkPoints.ts';
import type { OpenStore, StoreCapabilities, StoredPoint, StoreLimits } from '../vectorStore.ts';
import { createQdrantCollections } from './qdrant/collections.ts';
import { connectQdrant } from './qdrant/connection.ts';
import { vectorNames } from './qdrant/layout.ts';
import { createQdrantLoading } from './qdrant/loading.ts';
import { bodiesOf, fromQdrantPoint, toQdrantPoint } from './qdrant/points.ts';
import { fromScoredPoint, qdrantQuery } from './qdrant/search.ts';

const capabilities: StoreCapabilities = {
  hybrid: 'native',
  aliases: 'native',
  payloadIndexes: true,
  tenants: true,
  quantization: ['none', 'scalar', 'binary', 'half'],
  bulkLoad: true,
  exactSearch: true,
  maxDimensions: 65_536,
};

const maxBatch = 1_000;
const scanPage = 256;
const withVector = (vectors: boolean) => (vectors ? [vectorNames.dense] : false);

/** Qdrant's own advice: 64 to 256 points a request, two to four requests at a time. */
const limitsFor = (dimensions: number): StoreLimits => ({
  bestBatch: Math.max(64, Math.min(256, Math.floor(200_000 / dimensions))),
  maxBatch,
  parallel: 4,
});

/**
 * Qdrant 1.16 or newer, by its REST client. Hybrid search fuses dense vectors with BM25 of a sparse
 * vector by reciprocal ranks inside the server; tenants share a collection and are told apart by an
 * indexed field. Only ISO 8601 times can be ordered by `gte` and `lte` among texts.
 */
export const openQdrantStore: OpenStore = async (options) => {
  const connection = await connectQdrant(options);
  const { client, where, call } = connection;
  const { withSpec, forget, ...collections } = createQdrantCollections(connection, capabilities);
  const loading = createQdrantLoading(connection);

  /** A write whose wait ended before it was done is answered with 200 as well. */
  const update = async (
    what: string,
    physical: string,
    request: () => Promise<{ status: string }>,
  ): Promise<void> => {
    const { status } = await call(what, physical, request);
    if (status === 'completed') return;
    throw berthError(
      'StoreUnavailable',
      `${where}: ${what} ${physical}: it is ${status} and not yet done; retried later`,
    );
  };

  return {
    kind: 'qdrant',
    capabilities,
    limits: async (dimensions) => limitsFor(dimensions),
    ...collections,
    finishLoad: loading.finishLoad,

    async beginLoad(physical) {
      forget(physical);
      await loading.beginLoad(physical);
    },

    async upsert(physical, points) {
      if (points.length === 0) return;
      await withSpec(physical, async ({ embedding, layout }) => {
        const { dimensions } = embedding;
        const checked = checkPoints(`${where}: ${physical}`, points, { dimensions, maxBatch });
        for (const body of bodiesOf(checked)) {
          const sent = body.map((point) => toQdrantPoint(point, layout.fullText));
          await update('upsert', physical, () =>
            client.upsert(physical, { points: sent, wait: true }),
          );
        }
      });
    },

    async deletePoints(physical, ids) {
      if (ids.length === 0) return;
      await update('delete', physical, () =>
        client.delete(physical, { points: [...ids], wait: true }),
      );
    },

    async count(physical) {
      const { count } = await call('count', physical, () =>
        client.count(physical, { exact: true }),
      );
      return count;
    },

    async readPoints(physical, ids, { vectors }): Promise<StoredPoint[]> {
      if (ids.length === 0) return [];
      const found = await call('read', physical, () =>
        client.retrieve(physical, {
          ids: [...ids],
          with_payload: true,
          with_vector: withVector(vectors),
        }),
      );
      return found.map(fromQdrantPoint);
    },

    async *scan(physical, { vectors }) {
      let offset: string | number | undefined;
      do {
        const page = await call('scan', physical, () =>
          client.scroll(physical, {
            limit: scanPage,
            with_payload: true,
            with_vector: withVector(vectors),
            ...(offset === undefined ? {} : { offset }),
          }),
        );
        if (page.points.length > 0) yield page.points.map(fromQdrantPoint);
        offset = (page.next_page_offset ?? undefined) as string | number | undefined;
      } while (offset !== undefined);
    },

    search: (physical, query) =>
      withSpec(physical, async (spec) => {
        const { dimensions } = spec.embedding;
        const { fullText } = spec.layout;
        checkQuery(`${where}: ${physical}`, { capabilities }, query, { dimensions, fullText });
        const { points } = await call('search', physical, () =>
          client.query(physical, qdrantQuery(where, query, spec)),
        );
        return points.map(fromScoredPoint);
      }),

    async close() {},
  };
};
