import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPaths } from '../../../activities/platform/paths.ts';
import { createQueryActivities } from '../../../activities/search/queryActivities.ts';
import { createStores, type Stores } from '../../../activities/stores/stores.ts';
import type { CollectionSpec, Point } from '../../../activities/stores/vectorStore.ts';
import type { SearchInput } from '../../../workflows/contracts/backfill/activities.ts';
import { samplePoint, sampleSpec } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** Two models of different length: a mixed-up query fails, a mixed-up answer names the wrong one. */
const models = { old: 4, new: 6 };
type Model = keyof typeof models;

const store = { kind: 'lancedb', url: null } as const;
const search: SearchInput = {
  ...{ store, collection: 'docs', query: 'anything', filter: null },
  ...{ hybrid: false, tenant: null, top: 3 },
};
let stores: Stores;
const home = temporaryFolder('search');

beforeAll(() => {
  stores = createStores({ env: {}, stackUrl: async () => null, home });
});
afterAll(() => stores?.close());

const activities = () =>
  createQueryActivities({
    paths: createPaths(home, home),
    stores,
    embed: async ({ embedding }, texts) =>
      texts.map(() => new Float32Array(embedding.dimensions).fill(embedding.dimensions ** -0.5)),
  });

const specOf = (model: Model): CollectionSpec => {
  const spec = sampleSpec('docs', models[model]);
  return { ...spec, embedding: { ...spec.embedding, contentDigest: model } };
};

const pointsOf = (model: Model): Point[] =>
  Array.from({ length: 20 }, (_, index) => samplePoint(index, models[model], { text: model }));

async function fill(physical: string, model: Model): Promise<void> {
  const opened = await stores.use(store);
  await opened.createCollection(physical, specOf(model));
  await opened.upsert(physical, pointsOf(model));
}

test('searches never fail or mix models while a collection is switched back and forth', async () => {
  const opened = await stores.use(store);
  await fill('docs-v1', 'old');
  await opened.switchAlias('docs', 'docs-v1');
  const { searchCollection } = activities();
  let switching = true;
  const answers = new Set<string>();
  const loop = async () => {
    while (switching) {
      const { physical, contentDigest, hits } = await searchCollection(search);
      expect(hits).toHaveLength(3);
      for (const hit of hits) expect(hit.text).toBe(contentDigest);
      answers.add(`${physical} ${contentDigest}`);
    }
  };
  const loops = [loop(), loop(), loop()];
  for (let version = 2; version <= 9; version += 1) {
    const model: Model = version % 2 === 0 ? 'new' : 'old';
    await fill(`docs-v${version}`, model);
    await opened.switchAlias('docs', `docs-v${version}`);
    await opened.dropCollection(`docs-v${version - 2}`);
  }
  switching = false;
  await Promise.all(loops);
  expect(answers.size).toBeGreaterThan(2);
  for (const answer of answers) {
    expect(answer).toMatch(/-v([2468] new|[13579] old)$/);
  }
});

test('what is not there is named', async () => {
  await expect(
    activities().searchCollection({ ...search, collection: 'none' }),
  ).rejects.toMatchObject({
    type: 'CollectionNotFound',
    message: expect.stringContaining('no collection none is live'),
  });
  await expect(activities().searchCollection({ ...search, hybrid: true })).rejects.toMatchObject({
    type: 'StoreUnsupported',
    message: expect.stringContaining('--full-text'),
  });
  await expect(activities().searchCollection({ ...search, tenant: 'acme' })).rejects.toMatchObject({
    type: 'InvalidRequest',
  });
});
