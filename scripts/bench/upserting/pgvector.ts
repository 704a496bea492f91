import pg from 'pg';
import pgvector from 'pgvector';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import type { Point } from '../../../activities/stores/vectorStore.ts';
import type { UpsertHarness } from './harness.ts';

const columns = {
  id: 'uuid PRIMARY KEY',
  source_name: 'text NOT NULL',
  record_id: 'text NOT NULL',
  chunk: 'integer NOT NULL',
  chunks: 'integer NOT NULL',
  record_digest: 'text NOT NULL',
  text: 'text NOT NULL',
  metadata: 'jsonb NOT NULL',
  embedding: 'vector NOT NULL',
};
const names = Object.keys(columns);
const replaced = names.slice(1).map((name) => `${name} = EXCLUDED.${name}`);

/** `INSERT` of many rows with `pgvector.toSql`; no index but the primary key's on either side. */
export const pgvectorAt = (url: string): UpsertHarness => ({
  name: 'pgvector',
  points: 10_000,
  settings: [
    { batch: 100, parallel: 2 },
    { batch: 500, parallel: 1 },
    { batch: 500, parallel: 2 },
    { batch: 1_000, parallel: 2 },
    { batch: 500, parallel: 4 },
  ],
  async open(tidy) {
    const store = await openPgvectorStore({ url, stackUrl: null, env: process.env });
    tidy(() => store.close());
    // Reads PGPASSWORD by itself.
    const pool = new pg.Pool({ connectionString: url });
    // An idle connection that breaks: the next request says what is wrong.
    pool.on('error', () => undefined);
    tidy(() => pool.end());
    return {
      store,
      async byHand(collection, dimensions) {
        const table = pg.escapeIdentifier(collection);
        await pool.query(`CREATE TABLE ${table} (${columnsOf(dimensions)})`);
        return {
          upsert: (points) =>
            pool.query(
              `INSERT INTO ${table} (${names.join(', ')}) VALUES ${placesOf(points.length)}
                ON CONFLICT (id) DO UPDATE SET ${replaced.join(', ')}`,
              points.flatMap(toRow),
            ),
          drop: () => pool.query(`DROP TABLE ${table}`),
        };
      },
    };
  },
});

const columnsOf = (dimensions: number): string =>
  Object.entries(columns)
    .map(([name, type]) => `${name} ${type.replace('vector', `vector(${dimensions})`)}`)
    .join(', ');

/** `($1, $2, …), …` */
function placesOf(rows: number): string {
  const row = (at: number) => names.map((_, column) => `$${at * names.length + column + 1}`);
  return Array.from({ length: rows }, (_, at) => `(${row(at).join(', ')})`).join(', ');
}

const toRow = (point: Point): unknown[] => [
  point.id,
  point.sourceName,
  point.recordId,
  point.chunk,
  point.chunks,
  point.recordDigest,
  point.text,
  point.metadata,
  pgvector.toSql(Array.from(point.vector)),
];
