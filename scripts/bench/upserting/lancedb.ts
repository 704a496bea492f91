import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, Index } from '@lancedb/lancedb';
import { arrow } from '../../../activities/stores/drivers/lancedb/arrow.ts';
import { openLanceFolder } from '../../../activities/stores/drivers/lancedbStore.ts';
import type { Point } from '../../../activities/stores/vectorStore.ts';
import type { UpsertHarness } from './harness.ts';

/** `mergeInsert` on an indexed id, as its documentation advises for upserts. */
export const lancedb: UpsertHarness = {
  name: 'LanceDB',
  points: 20_000,
  settings: [500, 1_000, 2_000, 5_000].map((batch) => ({ batch, parallel: 1 })),
  async open(tidy) {
    const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
    tidy(() => rm(folder, { recursive: true, force: true }));
    const store = await openLanceFolder({ folder: join(folder, 'ours') });
    tidy(() => store.close());
    const connection = await connect(join(folder, 'theirs'));
    tidy(async () => connection.close());
    return {
      store,
      async byHand(collection, dimensions) {
        const table = await connection.createEmptyTable(collection, schemaOf(dimensions));
        await table.createIndex('id', { config: Index.btree() });
        return {
          upsert: (points) =>
            table
              .mergeInsert('id')
              .whenMatchedUpdateAll()
              .whenNotMatchedInsertAll()
              .execute(points.map(toRow)),
          drop: () => connection.dropTable(collection),
        };
      },
    };
  },
};

/** What is Berth's own in a point is what anybody keeps who wants to update by record. */
const toRow = ({ metadata, ...point }: Point) => ({ ...point, ...metadata });

function schemaOf(dimensions: number) {
  const { Bool, Field, FixedSizeList, Float32, Float64, Int32, Schema, Utf8 } = arrow;
  const texts = ['id', 'text', 'sourceName', 'recordId', 'recordDigest', 'lang'];
  return new Schema([
    ...texts.map((name) => new Field(name, new Utf8())),
    new Field('vector', new FixedSizeList(dimensions, new Field('item', new Float32()))),
    new Field('chunk', new Int32()),
    new Field('chunks', new Int32()),
    new Field('year', new Float64()),
    new Field('score', new Float64()),
    new Field('draft', new Bool()),
  ]);
}
