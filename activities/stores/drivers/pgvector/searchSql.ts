import { filterClauses } from '../../shared/filters.ts';
import { fusionDepth } from '../../shared/fusion.ts';
import type { CollectionSpec, StoreQuery } from '../../vectorStore.ts';
import { createValues, filterSql } from './filterSql.ts';
import { tableOf } from './names.ts';
import { nearestBy } from './nearest.ts';
import { pointColumns } from './rows.ts';
import { textConfiguration } from './table.ts';
import { toVector } from './vectorBytes.ts';

/** Of reciprocal rank fusion, as in shared/fusion.ts. */
const rankConstant = 60;

/** One statement for any search; its rows are points with `score`, best first. */
export function searchSql(
  physical: string,
  spec: CollectionSpec,
  query: StoreQuery,
): { sql: string; values: unknown[] } {
  const values = createValues();
  const vector = `${values.add(toVector(query.vector))}::vector`;
  const tenant = { field: spec.layout.tenantField, value: query.tenant };
  const filter = filterSql(filterClauses(query.filter, tenant), values);
  const table = tableOf(physical);
  const limit = query.hybrid ? fusionDepth(query.limit) : query.limit;
  const { expression, operator, depth } = nearestBy(spec);
  // Materialized, as an iterative scan gives them only nearly in order (pgvector's README), and as
  // what an index holds of a vector may be less than the vector.
  const order = query.exact
    ? `embedding <=> ${vector}`
    : `(${expression('embedding')}) ${operator} (${expression(vector)})`;
  const taken = query.exact ? limit : depth(limit);
  const nearest = `candidates AS MATERIALIZED (
      SELECT id, embedding <=> ${vector} AS distance FROM ${table}
      WHERE ${filter} ORDER BY ${order} LIMIT ${values.add(taken)}),
    nearest AS MATERIALIZED (
      SELECT id, distance FROM candidates ORDER BY distance, id LIMIT ${values.add(limit)})`;
  // A vector of zeros has no direction: its distance is NaN.
  const score = `1 - COALESCE(NULLIF(distance, 'NaN'), 1)`;
  const ranked = query.hybrid ? fused() : `SELECT id, ${score} AS score FROM nearest`;

  function fused(): string {
    // Any of its words: texts that hold all words of a question are few.
    const words = `replace(plainto_tsquery(${textConfiguration}, ${values.add(query.text)})::text, ' & ', ' | ')::tsquery`;
    return `SELECT id, sum(1.0 / (${rankConstant} + rank))::float8 AS score FROM (
        SELECT id, row_number() OVER (ORDER BY distance, id) AS rank FROM nearest
        UNION ALL
        SELECT id, row_number() OVER (ORDER BY relevance DESC, id) AS rank FROM (
          SELECT id, ts_rank(words, ${words}, 1) AS relevance FROM ${table}
          WHERE words @@ ${words} AND ${filter}
          ORDER BY relevance DESC, id LIMIT ${values.add(limit)}) AS matching
      ) AS both_lists GROUP BY id`;
  }

  const sql = `WITH ${nearest}, ranked AS (${ranked})
    SELECT ${pointColumns(false)}, score FROM ranked JOIN ${table} USING (id)
    ORDER BY score DESC, id LIMIT ${values.add(query.limit)}`;
  return { sql, values: values.list };
}
