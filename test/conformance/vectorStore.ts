import { afterAll, beforeAll, describe, test } from 'vitest';
import type { VectorStore } from '../../activities/stores/vectorStore.ts';
import { adviceTests } from './vectorStores/advice.ts';
import { aliasTests } from './vectorStores/aliases.ts';
import { collectionTests } from './vectorStores/collections.ts';
import { hybridTests } from './vectorStores/hybrid.ts';
import { pointTests } from './vectorStores/points.ts';
import { refusalTests } from './vectorStores/refusals.ts';
import { createRig, type VectorStoreHarness } from './vectorStores/rig.ts';
import { searchTests } from './vectorStores/searches.ts';

export type { VectorStoreHarness };

/** What every vector store has to do, on a real one. */
export function describeVectorStore(name: string, harness: VectorStoreHarness): void {
  describe(`vector store: ${name}`, () => {
    let store: VectorStore;
    beforeAll(async () => {
      store = await harness.open();
    });
    afterAll(() => store?.close());
    const rig = createRig(harness, () => store);
    collectionTests(rig);
    pointTests(rig);
    searchTests(rig);
    hybridTests(rig);
    aliasTests(rig);
    refusalTests(rig);
    adviceTests(rig);
  });
}

/** In place of the suite where its server is missing: a failure in CI, elsewhere a skip that says why. */
export function describeMissingStore(name: string, reason: string): void {
  test(`vector store: ${name}`, ({ skip }) => {
    if (process.env.CI) throw new Error(reason);
    skip(reason);
  });
}
