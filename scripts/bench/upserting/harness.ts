import type { Point, VectorStore } from '../../../activities/stores/vectorStore.ts';
import type { Tidy } from '../ingesting/tidily.ts';

/** How many points a request, and how many requests at a time. */
export interface Setting {
  batch: number;
  parallel: number;
}

/** A client used as its documentation shows, on a fresh collection. */
export interface ByHand {
  upsert(points: readonly Point[]): Promise<unknown>;
  drop(): Promise<unknown>;
}

/** One store, and its client beside Berth's driver. */
export interface UpsertHarness {
  name: string;
  /** Points of a round, so that one takes some seconds. */
  points: number;
  /** Settings of the client that are tried; the fastest is what Berth is compared with. */
  settings: readonly Setting[];
  open(tidy: Tidy): Promise<{
    store: VectorStore;
    byHand(collection: string, dimensions: number): Promise<ByHand>;
  }>;
}
