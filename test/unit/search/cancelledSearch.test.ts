import { mkdirSync } from 'node:fs';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import type { Bridge, BridgeCallOptions } from '../../../activities/devices/bridge.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { createEmbedQuery } from '../../../activities/search/embedQuery.ts';
import { createQueryActivities } from '../../../activities/search/queryActivities.ts';
import { createQueryBridge } from '../../../activities/search/queryBridge.ts';
import type { Stores } from '../../../activities/stores/stores.ts';
import type { SearchInput } from '../../../workflows/contracts/backfill/activities.ts';
import { sampleSpec } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('a search that is cancelled ends the bridge that is at work for it', async () => {
  const folder = temporaryFolder('cancelled-search');
  const paths = createPaths(folder, folder);
  const sample = sampleSpec('docs', 4);
  const spec = {
    ...{ ...sample, artifact: 'minilm@sha256:0' },
    embedder: { kind: 'model', ref: 'minilm' },
  };
  mkdirSync(paths.model(spec.embedding.contentDigest), { recursive: true });
  let begun = () => {};
  const atWork = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let killed = false;
  /** Loads a model for ever, and dies of its signal as a real one. */
  const bridge = {
    usable: true,
    kill: async () => undefined,
    call: (_method: unknown, _params: unknown, { signal }: BridgeCallOptions = {}) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          killed = true;
          reject(signal.reason);
        });
        begun();
      }),
  } as unknown as Bridge;
  const embed = createEmbedQuery({
    paths,
    bridge: createQueryBridge(async () => bridge),
    endpoint: () => {
      throw new TypeError('this one embeds by a model');
    },
  });
  const store = { resolveAlias: async () => ({ physical: 'docs-v1', spec }) };
  const stores = { use: async () => store } as unknown as Stores;
  const { searchCollection } = createQueryActivities({ paths, stores, embed });
  const activity = new MockActivityEnvironment();
  const asked: SearchInput = {
    ...{ store: { kind: 'lancedb', url: null }, collection: 'docs', query: 'anything' },
    ...{ filter: null, hybrid: false, tenant: null, top: 3 },
  };
  const search = activity.run(searchCollection, asked);
  await atWork;
  activity.cancel('CANCELLED');
  await expect(search).rejects.toThrow('CANCELLED');
  expect(killed).toBe(true);
});
