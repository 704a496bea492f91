import type { Point, StoredPoint, VectorStore } from '../../../activities/stores/vectorStore.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** What goes wrong, on purpose. */
export interface StoreFaults {
  /** Points that the store never takes. */
  refuses?(point: Point): boolean;
  /** Requests that are put off. */
  throttle?: number;
  /** Requests that find the store down. */
  unavailable?: number;
  /** Upserts that are acknowledged and lost. */
  lose?: number;
}

export interface MemoryStore extends VectorStore {
  readonly faults: StoreFaults;
  points(physical: string): Map<string, Point>;
  /** Sizes of the upserts that came. */
  readonly upserts: number[];
  /** Most requests that ran at the same time. */
  readonly mostAtOnce: number;
}

/** A vector store in this process, for the writing of pages: it searches nothing. */
export function createMemoryStore(faults: StoreFaults = {}): MemoryStore {
  const collections = new Map<string, Map<string, Point>>();
  const upserts: number[] = [];
  let running = 0;
  let mostAtOnce = 0;
  const points = (physical: string) => {
    const known = collections.get(physical) ?? new Map<string, Point>();
    collections.set(physical, known);
    return known;
  };
  const take = (fault: 'throttle' | 'unavailable' | 'lose') => {
    const left = faults[fault] ?? 0;
    if (left > 0) faults[fault] = left - 1;
    return left > 0;
  };
  const request = async <T>(work: () => T): Promise<T> => {
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    try {
      await new Promise((resolve) => setImmediate(resolve));
      if (take('throttle')) throw berthError('StoreThrottled', 'memory: 429', { retryAfterMs: 1 });
      if (take('unavailable')) throw berthError('StoreUnavailable', 'memory: down');
      return work();
    } finally {
      running -= 1;
    }
  };
  const never = (): never => {
    throw berthError('StoreUnsupported', 'memory: only holds points');
  };
  return {
    kind: 'noop',
    faults,
    points,
    upserts,
    get mostAtOnce() {
      return mostAtOnce;
    },
    capabilities: {
      hybrid: 'none',
      aliases: 'pointer',
      payloadIndexes: false,
      tenants: false,
      quantization: ['none'],
      bulkLoad: false,
      exactSearch: false,
      maxDimensions: 65_536,
    },
    limits: async () => ({ bestBatch: 8, maxBatch: 16, parallel: 2 }),
    upsert: (physical, batch) =>
      request(() => {
        upserts.push(batch.length);
        const refused = batch.find((point) => faults.refuses?.(point));
        if (refused !== undefined) throw berthError('StoreRejected', 'memory: takes no such point');
        if (take('lose')) return;
        // A page's vectors share a buffer that does not outlive it.
        for (const point of batch) {
          points(physical).set(point.id, { ...point, vector: point.vector.slice() });
        }
      }),
    deletePoints: (physical, ids) =>
      request(() => {
        for (const id of ids) points(physical).delete(id);
      }),
    count: (physical) => request(() => points(physical).size),
    readPoints: (physical, ids, { vectors }) =>
      request(() => ids.flatMap((id) => stored(points(physical).get(id), vectors))),
    async *scan(physical, { vectors }) {
      yield [...points(physical).values()].flatMap((point) => stored(point, vectors));
    },
    createCollection: async (physical) => void points(physical),
    dropCollection: async (physical) => void collections.delete(physical),
    readSpec: async () => never(),
    listCollections: async () => never(),
    search: async () => never(),
    addPayloadIndex: async () => never(),
    switchAlias: async () => never(),
    resolveAlias: async () => never(),
    beginLoad: async () => {},
    finishLoad: async () => {},
    close: async () => {},
  };
}

function stored(point: Point | undefined, vectors: boolean): StoredPoint[] {
  return point === undefined ? [] : [{ ...point, vector: vectors ? point.vector : null }];
}
