import { z } from 'zod';
import type { PartitionBounds, SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { changeMarkSchema, changesAfter, markChanges } from '../postgres/changeMark.ts';
import { openDatabase } from '../postgres/database.ts';
import { keyRangeSchema, rangeCondition } from '../postgres/keyRange.ts';
import { type KeyPlan, planKeys } from '../postgres/planKeys.ts';
import { describeSourceQuery, keyAlias, type SourceQuery } from '../postgres/sourceQuery.ts';
import type { OpenSource, RecordSource, SourceDeps } from '../recordSource.ts';
import { createRecordReader, type Row } from '../records/recordReader.ts';
import { refusePassword } from '../sourceSpecSchema.ts';

const fromSchema = keyRangeSchema.omit({ to: true, last: true });
const toSchema = keyRangeSchema.pick({ to: true, last: true });
const cursorSchema = z.object({ after: z.string() });

const rowsAtOnce = 500;

/**
 * Rows of a table or SELECT, paged by the key's own order (keyset paging): rows that come or go
 * meanwhile shift no others. What comes behind the greatest key of the plan is not read.
 */
export async function createPostgresSource(
  spec: SourceSpec,
  { env }: SourceDeps,
): Promise<RecordSource> {
  refusePassword(spec.location);
  const database = openDatabase(spec.location, env);
  const toRecord = createRecordReader({ ...spec.columns, id: spec.columns.id ?? 'id' });
  let described: Promise<SourceQuery> | undefined;
  const describe = (): Promise<SourceQuery> => {
    described ??= describeSourceQuery(spec, database).catch((error: unknown) => {
      described = undefined;
      throw error;
    });
    return described;
  };

  return {
    kind: 'postgres',
    async plan(options) {
      const query = await describe();
      const { plan, mark } = await database.snapshot(async (ask) => ({
        mark: await markChanges(ask, query),
        plan: await planKeys(ask, query, spec.location, null, options),
      }));
      return {
        fingerprint: JSON.stringify([plan.records, plan.maximum, mark?.value ?? null]),
        records: plan.records,
        exact: true,
        partitions: partitionsOf(plan, 0),
        changeToken: mark === null ? null : JSON.stringify(mark),
      };
    },

    async *read(partition, cursor, { signal }) {
      const query = await describe();
      const range = {
        ...fromSchema.parse(JSON.parse(partition.from)),
        ...toSchema.parse(JSON.parse(partition.to ?? '')),
      };
      let after = cursor === null ? null : cursorSchema.parse(JSON.parse(cursor)).after;
      for (;;) {
        signal?.throwIfAborted();
        const { where, values } = rangeCondition(query, range, after);
        const rows = await database.ask<Row & { [keyAlias]: string }>(
          `${query.select} WHERE ${where} ORDER BY ${query.key} LIMIT ${rowsAtOnce}`,
          values,
        );
        for (const { [keyAlias]: key, ...row } of rows) {
          const place = `${query.key} ${key}`;
          const read = toRecord(row, place, () => showRow(row));
          const next = JSON.stringify({ after: key });
          yield 'record' in read ? { record: read.record, place, next } : { ...read, next };
          after = key;
        }
        if (rows.length < rowsAtOnce) return;
      }
    },

    ...(spec.changedColumn === undefined
      ? {}
      : {
          async changesSince(options) {
            const query = await describe();
            const before = changeMarkSchema.parse(JSON.parse(options.changeToken));
            return database.snapshot(async (ask) => {
              const since = await changesAfter(ask, query, before);
              const mark = await markChanges(ask, query);
              const plan = await planKeys(ask, query, spec.location, since, options);
              return {
                partitions: partitionsOf(plan, options.firstIndex),
                records: plan.records,
                changeToken: JSON.stringify(mark),
              };
            });
          },
        }),

    close: () => database.close(),
  };
}

export const openPostgresSource: OpenSource = (spec, deps) => createPostgresSource(spec, deps);

const partitionsOf = ({ ranges }: KeyPlan, firstIndex: number): PartitionBounds[] =>
  ranges.map(({ records, from, to, last, since }, index) => ({
    index: firstIndex + index,
    from: JSON.stringify({ from, since }),
    to: JSON.stringify({ to, last }),
    records,
  }));

const showRow = (row: Row): string =>
  JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));
