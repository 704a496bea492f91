import pg from 'pg';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { openSource } from '../../activities/sources/openSource.ts';
import type { SourceSpec } from '../../workflows/contracts/backfill/source.ts';
import { corpusFolder } from '../support/sources/corpusFolder.ts';
import { readAll, readItems, recordsOf } from '../support/sources/readSource.ts';
import { findPostgres } from '../support/stores/postgresInstallation.ts';
import { startPostgres, withPassword } from '../support/stores/postgresServer.ts';
import { describeRecordSource } from './recordSource.ts';

const found = findPostgres();
if (typeof found === 'string') {
  test('record source: postgres', ({ skip }) => {
    if (process.env.CI) throw new Error(found);
    skip(found);
  });
} else {
  await describePostgres();
}

async function describePostgres() {
  const server = await startPostgres();
  const admin = new pg.Client({ connectionString: withPassword(server.url, server.password) });
  admin.on('error', () => undefined);
  await admin.connect();
  afterAll(async () => {
    await admin.end().catch(() => undefined);
    await server.stop();
  });
  let tables = 0;

  const record = (number: number, type: string) => ({
    id: type === 'uuid' ? uuid(number) : String(number - 5),
    text: `Title ${number}\n\nBody „ünï“ ${number}`,
    metadata: {
      price: number / 2,
      big: number % 2 === 0 ? number : '9007199254740993',
      sold: number % 3 === 0,
      day: '2026-01-31',
      local: '2026-01-31T10:00:00.000Z',
      changed: new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString(),
    },
  });
  const uuid = (number: number): string =>
    `${(number * 7919).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

  async function insert(table: string, number: number, type: string): Promise<void> {
    const { id, metadata } = record(number, type);
    await admin.query(
      `INSERT INTO ${table} VALUES ($1, $2, $3, '{"a":1}', $4, $5, $6, $7, $8, $9)
       ON CONFLICT ("Id") DO UPDATE SET changed = EXCLUDED.changed, body = EXCLUDED.body`,
      [
        id,
        `Title ${number}`,
        `Body „ünï“ ${number}`,
        metadata.price,
        metadata.big,
        metadata.sold,
        metadata.day,
        '2026-01-31 10:00',
        metadata.changed,
      ],
    );
  }

  async function createTable(type: string): Promise<string> {
    tables += 1;
    const table = `corpus_${tables}`;
    await admin.query(
      `CREATE TABLE ${table} ("Id" ${type} PRIMARY KEY, title text, body text, nested jsonb,
         price numeric, big bigint, sold boolean, day date, local timestamp, changed timestamptz)`,
    );
    return table;
  }

  const specOf = (query: string): SourceSpec => ({
    kind: 'postgres',
    location: server.url,
    name: 'corpus',
    columns: { id: 'Id', text: ['title', 'body'], metadata: null },
    query,
    changedColumn: 'changed',
  });
  const open = (spec: SourceSpec, env: NodeJS.ProcessEnv = server.env) =>
    openSource(spec, { allowed: [], env });

  for (const [name, type, wrap] of [
    ['a table by numbers', 'integer', (table: string) => table],
    ['a query by uuid', 'uuid', (table: string) => `SELECT * FROM ${table} WHERE true -- all\n;`],
    ['a query by text', 'text', (table: string) => `WITH t AS (TABLE ${table}) SELECT * FROM t`],
  ] as const) {
    describeRecordSource(
      `postgres, ${name}`,
      async (count, withBad) => {
        const { scratch } = await corpusFolder();
        const table = await createTable(type);
        for (let number = 0; number < count; number += 1) await insert(table, number, type);
        if (withBad) {
          await admin.query(`UPDATE ${table} SET title = NULL, body = ' ' WHERE price IN (1, 2)`);
        }
        const records = Array.from({ length: count }, (_, number) => record(number, type));
        return {
          scratch,
          open: () => open(specOf(wrap(table))),
          records: withBad
            ? records.filter(({ metadata }) => ![1, 2].includes(metadata.price))
            : records,
          failures: withBad ? ['empty-text', 'empty-text'] : [],
          async change() {
            await insert(table, 1000, type);
            const changed = new Date(Date.UTC(2027, 0, 1)).toISOString();
            const { id, text, metadata } = record(3, type);
            await admin.query(
              `UPDATE ${table} SET body = body || '!', changed = $1 WHERE "Id"::text = $2`,
              [changed, id],
            );
            return [
              record(1000, type),
              { id, text: `${text}!`, metadata: { ...metadata, changed } },
            ];
          },
        };
      },
      ['change'],
    );
  }

  describe('postgres source', () => {
    const options = { partitionRecords: 4, maxPartitions: 10, scratch: '/nonexistent' };
    const plan = async (spec: SourceSpec, env?: NodeJS.ProcessEnv) => {
      const source = await open(spec, env);
      onTestFinished(() => source.close());
      return source.plan(options);
    };

    test('what does not fit is named in one line, without a password', async () => {
      const table = await createTable('integer');
      for (let number = 0; number < 5; number += 1) await insert(table, number, 'integer');
      const spec = specOf(table);
      const refused = async (change: Partial<SourceSpec>, type: string, message: RegExp) => {
        const error = await plan({ ...spec, ...change }).catch((caught: unknown) => caught);
        expect(error).toMatchObject({ type });
        expect(String((error as Error).message)).toMatch(message);
        expect((error as Error).message).toMatch(/^[^\n]+$/);
      };
      const { columns } = spec;
      await refused(
        { columns: { ...columns, text: ['headline'] } },
        'InvalidRequest',
        /headline; there is Id, title, body/,
      );
      await refused(
        { columns: { ...columns, id: undefined } },
        'InvalidRequest',
        /no column id; there is Id/,
      );
      await refused({ changedColumn: 'nope' }, 'InvalidRequest', /no column nope/);
      await refused(
        { columns: { ...columns, id: 'day' } },
        'InvalidRequest',
        /"day" is 2026-01-31 in several rows/,
      );
      await refused(
        {
          columns: { ...columns, id: 'nested' },
          query: `SELECT nullif("Id", -3) AS nested, title, body, changed FROM ${table}`,
        },
        'InvalidRequest',
        /is null in 1 of 5 rows/,
      );
      await refused({ query: 'no_such_table' }, 'InvalidRequest', /no_such_table/);
      await refused({ query: `SELEC * FROM ${table}` }, 'InvalidRequest', /syntax error/);
      await refused(
        { query: `SELECT * FROM ${table}) AS x; DROP TABLE ${table}; SELECT (1` },
        'InvalidRequest',
        /syntax|multiple/,
      );
      await refused(
        { query: `SELECT * FROM ${table}, set_config('x.y', nextval('never')::text, false)` },
        'InvalidRequest',
        /never/,
      );
      await refused(
        { location: server.url.replace('berth@', 'nobody@') },
        'CredentialsRefused',
        /nobody/,
      );
      await refused(
        { location: server.url.replace(/postgres$/, 'absent') },
        'InvalidRequest',
        /absent/,
      );
      await expect(plan(spec, { PGPASSWORD: 'wrong' })).rejects.toMatchObject({
        type: 'CredentialsRefused',
      });
      const withSecret = withPassword(server.url, server.password);
      const error = await open({ ...spec, location: withSecret }).catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({ type: 'InvalidRequest' });
      expect((error as Error).message).not.toContain(server.password);
    });

    test('a query that would write is refused by the server', async () => {
      const table = await createTable('integer');
      await insert(table, 0, 'integer');
      await admin.query(
        `CREATE FUNCTION writes_${table}() RETURNS boolean LANGUAGE sql AS 'DELETE FROM ${table}; SELECT true'`,
      );
      await expect(
        plan(specOf(`SELECT * FROM ${table} WHERE writes_${table}()`)),
      ).rejects.toMatchObject({
        type: 'InvalidRequest',
        message: expect.stringMatching(/only read/),
      });
      expect((await admin.query(`SELECT FROM ${table}`)).rowCount).toBe(1);
    });

    test('rows that come and go meanwhile shift no others', async () => {
      const table = await createTable('integer');
      for (let number = 0; number < 20; number += 1) await insert(table, number, 'integer');
      const source = await open(specOf(table));
      onTestFinished(() => source.close());
      const { partitions } = await source.plan(options);
      const first = await readItems(source, partitions[0]!, '', null);
      await admin.query(`DELETE FROM ${table} WHERE "Id" IN (-5, -4, 1)`);
      await insert(table, 100, 'integer');
      const rest = await readItems(source, partitions[0]!, '', first[1]!.next);
      expect(recordsOf(rest)).toEqual(recordsOf(first).slice(2));
      const all = recordsOf(await readAll(source, partitions, ''));
      expect(all.map(({ id }) => Number(id))).toEqual(
        Array.from({ length: 20 }, (_, number) => number - 5).filter(
          (id) => ![-5, -4, 1].includes(id),
        ),
      );
    });

    test('a row that comes later with the same time of change is found', async () => {
      const table = await createTable('integer');
      for (let number = 0; number < 3; number += 1) await insert(table, number, 'integer');
      const source = await open(specOf(table));
      onTestFinished(() => source.close());
      const { changeToken } = await source.plan(options);
      await admin.query(
        `INSERT INTO ${table} SELECT 50, title, body, nested, price, big, sold, day, local, changed FROM ${table} WHERE "Id" = -3`,
      );
      const changes = await source.changesSince!({
        ...options,
        changeToken: changeToken!,
        firstIndex: 9,
      });
      const ids = recordsOf(await readAll(source, changes.partitions, '')).map(({ id }) => id);
      expect(ids).toContain('50');
    });

    test('a row whose transaction was open at the plan is found, though its time is earlier', async () => {
      const table = await createTable('integer');
      await insert(table, 0, 'integer');
      const late = new pg.Client({ connectionString: withPassword(server.url, server.password) });
      await late.connect();
      onTestFinished(() => late.end());
      await late.query('BEGIN');
      await late.query(
        `INSERT INTO ${table} ("Id", title, body, changed) VALUES (7, 'a', 'b', now())`,
      );
      await admin.query(
        `INSERT INTO ${table} ("Id", title, body, changed) VALUES (8, 'a', 'b', now())`,
      );
      const source = await open(specOf(table));
      onTestFinished(() => source.close());
      const { changeToken } = await source.plan(options);
      await late.query('COMMIT');
      const changes = await source.changesSince!({
        ...options,
        changeToken: changeToken!,
        firstIndex: 9,
      });
      const ids = recordsOf(await readAll(source, changes.partitions, '')).map(({ id }) => id);
      expect(ids).toContain('7');
    });

    // The last one: its server is away for a while.
    test('a server that is away is a matter for a retry, and reading goes on after it', async () => {
      const table = await createTable('integer');
      for (let number = 0; number < 9; number += 1) await insert(table, number, 'integer');
      const source = await open(specOf(table));
      onTestFinished(() => source.close());
      const { partitions } = await source.plan(options);
      const before = await readAll(source, partitions, '');
      await server.halt();
      await expect(readAll(source, partitions, '')).rejects.toMatchObject({
        type: 'SourceUnavailable',
      });
      await server.restart();
      expect(await readAll(source, partitions, '')).toEqual(before);
    });
  });
}
