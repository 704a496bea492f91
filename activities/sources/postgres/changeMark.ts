import { z } from 'zod';
import type { Ask } from './database.ts';
import type { Since } from './keyRange.ts';
import type { SourceQuery } from './sourceQuery.ts';

/** How far changes are known. */
export const changeMarkSchema = z.object({
  /** Greatest value of the changed column, as text; null: there was none. */
  value: z.string().nullable(),
  /** Rows that have it: another one may come with the same. */
  rows: z.number().int(),
});
export type ChangeMark = z.infer<typeof changeMarkSchema>;

/**
 * Where the changes stand. A transaction that is open may commit rows with an earlier time, so a
 * time is taken back to when the oldest one began; those of other users are seen by superusers and
 * members of pg_read_all_stats only.
 */
export async function markChanges(ask: Ask, query: SourceQuery): Promise<ChangeMark | null> {
  const { changed, from } = query;
  if (changed === null) return null;
  const greatest = changed.type.startsWith('timestamp')
    ? `least(max(${changed.column}), (SELECT min(xact_start) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND datname = current_database())::${changed.type})`
    : `max(${changed.column})`;
  const [mark] = await ask<{ value: string | null; rows: bigint }>(
    `SELECT m.value::text AS value,
       (SELECT count(*) FROM ${from} WHERE ${changed.column} = m.value) AS rows
     FROM (SELECT ${greatest} AS value FROM ${from} HAVING max(${changed.column}) IS NOT NULL) AS m`,
  );
  return { value: mark?.value ?? null, rows: Number(mark?.rows ?? 0) };
}

/** Which rows changed since a mark; rows that share its value are read again when one has come. */
export async function changesAfter(
  ask: Ask,
  query: SourceQuery,
  mark: ChangeMark,
): Promise<Since | null> {
  const { changed, from } = query;
  if (mark.value === null || changed === null) return null;
  const [found] = await ask<{ rows: bigint }>(
    `SELECT count(*) AS rows FROM ${from} WHERE ${changed.column} = $1::text::${changed.type}`,
    [mark.value],
  );
  return { value: mark.value, inclusive: Number(found?.rows ?? 0) > mark.rows };
}
