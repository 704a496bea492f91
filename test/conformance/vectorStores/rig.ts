import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { CollectionSpec, Point, VectorStore } from '../../../activities/stores/vectorStore.ts';
import { sampleSpec } from '../../support/stores/samplePoints.ts';

/** What a driver's test hands to the suite. */
export interface VectorStoreHarness {
  /** A driver of its own at every call, all on one and the same store. */
  open(): Promise<VectorStore>;
  /** A driver on an address where nobody listens; undefined for a store without an address. */
  openUnreachable?(): Promise<VectorStore>;
  /** A driver without the key that the store asks for; undefined where it asks for none. */
  openUnauthorized?(): Promise<VectorStore>;
}

/** What the tests of a suite share. */
export interface Rig {
  harness: VectorStoreHarness;
  /** Open for the whole suite. */
  store(): VectorStore;
  /** Name for a collection of a test; its alias and versions are removed when the test ends. */
  name(): string;
  /** A new, empty `<collection>-v1`. @returns its physical name */
  collection(dimensions: number, layout?: Partial<CollectionSpec['layout']>): Promise<string>;
  /** Writes any number of points, as a job does: in batches that the store takes. */
  fill(physical: string, points: readonly Point[]): Promise<void>;
}

export function createRig(harness: VectorStoreHarness, store: () => VectorStore): Rig {
  const rig: Rig = {
    harness,
    store,
    name() {
      const name = `t-${randomBytes(4).toString('hex')}`;
      onTestFinished(async () => {
        await store().switchAlias(name, null);
        for (const { physical } of await store().listCollections(name)) {
          await store().dropCollection(physical);
        }
      });
      return name;
    },
    async collection(dimensions, layout) {
      const name = rig.name();
      await store().createCollection(`${name}-v1`, sampleSpec(name, dimensions, layout));
      return `${name}-v1`;
    },
    async fill(physical, points) {
      const { bestBatch } = await store().limits(points[0]?.vector.length ?? 1);
      for (let at = 0; at < points.length; at += bestBatch) {
        await store().upsert(physical, points.slice(at, at + bestBatch));
      }
    },
  };
  return rig;
}

/** All points of a collection by id; a point that comes twice is a failure. */
export async function scanAll(store: VectorStore, physical: string, vectors = false) {
  const found = new Map<string, Awaited<ReturnType<VectorStore['readPoints']>>[number]>();
  let pages = 0;
  for await (const page of store.scan(physical, { vectors })) {
    pages += 1;
    for (const point of page) {
      if (found.has(point.id)) throw new Error(`${point.id} came twice`);
      found.set(point.id, point);
    }
  }
  return { found, pages };
}
