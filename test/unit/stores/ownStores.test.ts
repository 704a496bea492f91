import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { listCollections } from '../../../activities/backfill/listCollections.ts';
import { createStores } from '../../../activities/stores/stores.ts';
import { samplePoint, sampleSpec } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const home = temporaryFolder('own-stores');
let chroma: string | null = null;
const stores = createStores({
  env: {},
  stackUrl: async (kind) => (kind === 'chroma' ? chroma : null),
  home,
});
afterAll(() => stores.close());

test('a host without stores of its own lists nothing, and makes no folder by looking', async () => {
  expect(await stores.own()).toEqual([]);
  expect(await listCollections({ stores }, null)).toEqual([]);
  expect(await stores.own()).toEqual([]);
});

test('the folder of LanceDB counts once it is there, Chroma while the stack runs it', async () => {
  mkdirSync(join(home, 'stores', 'lancedb'), { recursive: true });
  expect(await stores.own()).toEqual([{ kind: 'lancedb', url: null }]);
  chroma = 'http://127.0.0.1:8000';
  expect(await stores.own()).toEqual([
    { kind: 'chroma', url: null },
    { kind: 'lancedb', url: null },
  ]);
  chroma = null;
});

test('collections of the own LanceDB are listed without naming it', async () => {
  const lance = await stores.use({ kind: 'lancedb', url: null });
  await lance.createCollection('docs-v1', sampleSpec('docs', 4));
  await lance.upsert('docs-v1', [samplePoint(1, 4)]);
  await lance.switchAlias('docs', 'docs-v1');
  const listed = await listCollections({ stores }, null);
  expect(listed).toMatchObject([
    { collection: 'docs', store: 'lancedb', current: 'docs-v1', versions: [{ points: 1 }] },
  ]);
});

test('a folder that cannot be made is bad input, said at once', async () => {
  const url = '/dev/null/vectors';
  await expect(stores.use({ kind: 'lancedb', url })).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringContaining('cannot be made (ENOTDIR)'),
  });
});
