import { berthError } from '../../../../workflows/contracts/errors.ts';
import { checkPoints } from '../../shared/checkPoints.ts';
import { collectionNotFound, storeFailure } from '../../shared/storeFailure.ts';
import type { VectorStore } from '../../vectorStore.ts';
import type { WeaviateCollections } from './collections.ts';
import type { WeaviateConnection } from './connection.ts';
import { describeWeaviateError } from './describeError.ts';
import type { Doubts } from './doubts.ts';
import { createDurableInsert } from './durableInsert.ts';
import { kindOfProperty, toClassName } from './names.ts';
import { fromWeaviateObject, readProperties, toWeaviateObject } from './objects.ts';

/** Ids in one filter; the server answers at most 10,000 objects. */
const idsAtOnce = 1_000;
const scanPage = 250;

interface Found {
  uuid: string;
  properties: Record<string, unknown>;
  vectors: Record<string, number[] | undefined>;
}

type Points = Pick<VectorStore, 'upsert' | 'deletePoints' | 'count' | 'readPoints' | 'scan'>;

/** Of a fault after the object was stored: what keeps it from being found comes next. */
const afterStoring = /vector index|prop-specific|target vector|end store object|\bWAL/i;

/** Of a refusal that another point would meet, too: key, rate, the server's own faults. */
const isNotThePoints = (status: number | undefined): boolean =>
  status !== undefined && (status >= 500 || [401, 403, 429].includes(status));

export function createWeaviatePoints(
  { client, batches, where, call }: WeaviateConnection,
  collections: Pick<WeaviateCollections, 'fresh' | 'ensureProperties'>,
  doubts: Doubts,
  maxBatch: number,
): Points {
  const use = (physical: string) => client.collections.use(toClassName(physical));
  const fromFound = (physical: string, found: readonly unknown[], vectors: boolean) => {
    const points = found.map((one) => {
      const { uuid, properties, vectors: stored } = one as Found;
      return fromWeaviateObject(uuid, properties, vectors ? stored.default : undefined);
    });
    const ids = points.map(({ id }) => id);
    const doubtful = new Set(doubts.among(physical, ids));
    // No record has this digest: whoever compares writes it again.
    return points.map((point) => (doubtful.has(point.id) ? { ...point, recordDigest: '' } : point));
  };

  const remove = async (physical: string, ids: readonly string[]): Promise<void> => {
    const collection = use(physical);
    for (let at = 0; at < ids.length; at += idsAtOnce) {
      const some = ids.slice(at, at + idsAtOnce);
      const { failed } = await call('delete', physical, () =>
        collection.data.deleteMany(collection.filter.byId().containsAny([...some])),
      );
      if (failed > 0) {
        throw berthError(
          'StoreUnavailable',
          `${where}: delete ${physical}: ${failed} points stayed; retried later`,
        );
      }
    }
  };

  /** A deletion that is not carried out writes the indexes of all shards out like a real one. */
  const flush = async (physical: string, id: string): Promise<void> => {
    const collection = use(physical);
    const { failed } = await call('flush', physical, () =>
      collection.data.deleteMany(collection.filter.byId().equal(id), { dryRun: true }),
    );
    if (failed > 0) {
      throw berthError('StoreUnavailable', `${where}: flush ${physical}: it failed; retried later`);
    }
  };

  const insert = createDurableInsert({
    send: (physical, objects) =>
      call('upsert', physical, () => batches.send(toClassName(physical), objects)),
    flush,
    remove,
    mayBeStored(message) {
      const { status } = describeWeaviateError(new Error(message));
      return message !== '' && (isNotThePoints(status) || afterStoring.test(message));
    },
    doubts,
  });

  return {
    async upsert(physical, points) {
      if (points.length === 0) return;
      // Never from memory: the server would make a class that is gone anew, without its spec.
      const { spec } = await collections.fresh(physical);
      const { dimensions } = spec.embedding;
      const checked = checkPoints(`${where}: ${physical}`, points, { dimensions, maxBatch });
      const objects = checked.map(toWeaviateObject);
      const names = objects.flatMap(({ properties }) => Object.keys(properties));
      await collections.ensureProperties(
        physical,
        names.filter((name) => kindOfProperty(name) !== undefined),
      );
      const errors = await insert(physical, objects);
      // The request succeeds although objects of it may have failed.
      const failed = Object.entries(errors).map(([at, { message }]) => ({
        id: objects[Number(at)]?.id ?? at,
        message,
      }));
      const [first] = failed;
      if (first === undefined) return;
      const some = failed.length === 1 ? first.id : `${first.id} and ${failed.length - 1} more`;
      const place = `${where}: upsert ${physical}: points ${some}`;
      const trouble = describeWeaviateError(new Error(first.message));
      if (trouble.status === 404) throw collectionNotFound(where, physical);
      if (isNotThePoints(trouble.status)) throw storeFailure(place, trouble);
      throw berthError('StoreRejected', `${place}: ${first.message}`, {
        ids: failed.map(({ id }) => id),
      });
    },

    async deletePoints(physical, ids) {
      await remove(physical, ids);
      const gone = doubts.among(physical, ids);
      if (gone.length > 0) await doubts.remove(physical, gone);
    },

    async count(physical) {
      const { totalCount } = await call('count', physical, () => use(physical).aggregate.overAll());
      return totalCount;
    },

    async readPoints(physical, ids, { vectors }) {
      const collection = use(physical);
      const read: unknown[] = [];
      for (let at = 0; at < ids.length; at += idsAtOnce) {
        const some = [...new Set(ids.slice(at, at + idsAtOnce))];
        const { objects } = await call('read', physical, () =>
          collection.query.fetchObjects({
            filters: collection.filter.byId().containsAny(some),
            limit: some.length,
            includeVector: vectors,
            returnProperties: readProperties as never,
          }),
        );
        read.push(...objects);
      }
      return fromFound(physical, read, vectors);
    },

    async *scan(physical, { vectors }) {
      const collection = use(physical);
      let after: string | undefined;
      for (;;) {
        // The client's own iterator asks for a hundred objects to give one.
        const { objects } = await call('scan', physical, () =>
          collection.query.fetchObjects({
            limit: scanPage,
            ...(after === undefined ? {} : { after }),
            includeVector: vectors,
            returnProperties: readProperties as never,
          }),
        );
        if (objects.length === 0) return;
        yield fromFound(physical, objects, vectors);
        after = objects.at(-1)?.uuid;
      }
    },
  };
}
