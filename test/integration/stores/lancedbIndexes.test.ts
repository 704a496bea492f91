import { join } from 'node:path';
import { connect } from '@lancedb/lancedb';
import { expect, test } from 'vitest';
import { openLanceFolder } from '../../../activities/stores/drivers/lancedbStore.ts';
import { samplePoints, sampleSpec, unitVector } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const root = temporaryFolder('lancedb-indexes');

// The conformance suite has too few points for an index to be built.
test.each(['none', 'scalar', 'binary'] as const)(
  'with an index, quantization %s, the nearest are found, filtered ones too',
  async (quantization) => {
    const folder = join(root, quantization);
    const store = await openLanceFolder({ folder, indexFrom: 1_000 });
    await store.createCollection('docs-v1', sampleSpec('docs', 32, { quantization }));
    const points = samplePoints(1_500, 32);
    await store.beginLoad('docs-v1');
    await store.upsert('docs-v1', points);
    await store.finishLoad('docs-v1');
    const table = await (await connect(folder)).openTable('docs-v1');
    const indices = await table.listIndices();
    expect(indices.flatMap(({ columns }) => columns)).toContain('vector');

    let found = 0;
    for (let query = 0; query < 20; query += 1) {
      const vector = unitVector(`query-${query}`, 32);
      const ids = async (exact: boolean) =>
        (await store.search('docs-v1', { vector, limit: 10, exact })).map(({ point }) => point.id);
      const right = new Set(await ids(true));
      found += (await ids(false)).filter((id) => right.has(id)).length;
    }
    expect(found / 200).toBeGreaterThanOrEqual(0.9);
    const filter = { lang: 'de', year: { gte: 2020 } };
    const hits = await store.search('docs-v1', { vector: unitVector('q', 32), limit: 10, filter });
    expect(hits).toHaveLength(10);
    expect(hits.every(({ point }) => point.metadata.lang === 'de')).toBe(true);

    // What comes after the index is found as well.
    const later = samplePoints(10, 32, 5_000);
    await store.upsert('docs-v1', later);
    for (const { id, vector } of later) {
      const [hit] = await store.search('docs-v1', { vector, limit: 1 });
      expect(hit?.point.id).toBe(id);
    }
    await store.close();
  },
);
