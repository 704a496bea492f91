import { berthError } from '../../../workflows/contracts/errors.ts';
import type { PlanOptions } from '../recordSource.ts';
import type { Ask } from './database.ts';
import { type KeyRange, rangeCondition, type Since } from './keyRange.ts';
import type { SourceQuery } from './sourceQuery.ts';

/** Cursors hold a key and have at most 500 characters. */
const maxKeyLength = 400;

export interface KeyPlan {
  ranges: (KeyRange & { records: number })[];
  records: number;
  maximum: string | null;
}

const everything: KeyRange = { from: null, to: null, last: true, since: null };

/**
 * Borders every so many rows in the order of the key, found by one ordered scan in the caller's
 * snapshot.
 * @throws BerthError InvalidRequest when the key is not unique, not null, or too long
 */
export async function planKeys(
  ask: Ask,
  query: SourceQuery,
  location: string,
  since: Since | null,
  { partitionRecords, maxPartitions }: PlanOptions,
): Promise<KeyPlan> {
  const { key, from } = query;
  const { where, values } = rangeCondition(query, { ...everything, since }, null);
  const [counts] = await ask<{ rows: bigint; keys: bigint; longest: number | null }>(
    `SELECT count(*) AS rows, count(${key}) AS keys, max(length(${key}::text)) AS longest
     FROM ${from} WHERE ${where}`,
    values,
  );
  const records = Number(counts?.rows ?? 0);
  const nulls = records - Number(counts?.keys ?? 0);
  if (nulls > 0) throw unfit(location, key, `is null in ${nulls} of ${records} rows`);
  if ((counts?.longest ?? 0) > maxKeyLength) {
    throw unfit(location, key, `has ${counts?.longest} characters in a row, over ${maxKeyLength}`);
  }
  const each = Math.max(partitionRecords, Math.ceil(records / Math.max(1, maxPartitions)));
  const rows = await ask<{ key: string; n: bigint; twice: boolean }>(
    `SELECT ${key}::text AS key, n, twice
     FROM (SELECT ${key}, row_number() OVER (ORDER BY ${key}) AS n, count(*) OVER () AS total,
             lag(${key}) OVER (ORDER BY ${key}) = ${key} AS twice
           FROM ${from} WHERE ${where}) AS numbered
     WHERE (n - 1) % ${each} = 0 OR n = total OR twice
     ORDER BY twice DESC NULLS LAST, n LIMIT ${maxPartitions + 2}`,
    values,
  );
  const repeated = rows.find(({ twice }) => twice);
  if (repeated !== undefined) throw unfit(location, key, `is ${repeated.key} in several rows`);
  rows.sort((a, b) => Number(a.n - b.n));
  const starts = rows.filter(({ n }) => (Number(n) - 1) % each === 0);
  const maximum = rows.at(-1)?.key ?? null;
  const ranges = starts.map(({ key: first, n }, index) => {
    const next = starts[index + 1];
    return {
      from: first,
      to: next?.key ?? maximum,
      last: next === undefined,
      since,
      records: Number(next?.n ?? records + 1) - Number(n),
    };
  });
  return { ranges, records, maximum };
}

const unfit = (location: string, key: string, found: string) =>
  berthError(
    'InvalidRequest',
    `${location}: id column ${key} ${found}; paging needs one that is unique and not null`,
  );
