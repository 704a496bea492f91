import { describe, expect, it, test } from 'vitest';
import { createValues, filterSql } from '../../../activities/stores/drivers/pgvector/filterSql.ts';
import { indexName, tableOf } from '../../../activities/stores/drivers/pgvector/names.ts';
import { postgresFailure } from '../../../activities/stores/drivers/pgvector/postgresFailure.ts';
import {
  fromVectorSend,
  toVector,
  toVectorArray,
} from '../../../activities/stores/drivers/pgvector/vectorBytes.ts';
import { filterClauses } from '../../../activities/stores/shared/filters.ts';

describe('vectorBytes', () => {
  // Part of a larger buffer, as a page's vectors are.
  const page = Float32Array.from([9, 1, -0.1, 3e38, 1e-45, 9]);
  const vector = page.subarray(1, 5);

  it('writes what vector_send writes, and leaves the vector as it was', () => {
    const bytes = toVector(vector);
    expect(bytes.subarray(0, 8).toString('hex')).toBe('000400003f800000');
    expect(fromVectorSend(bytes)).toEqual(vector);
    expect([...page]).toEqual([9, 1, Math.fround(-0.1), Math.fround(3e38), 2 ** -149, 9]);
  });

  it('writes an array as array_send does', () => {
    const bytes = toVectorArray([vector, vector], 16_500);
    const head = Array.from({ length: 5 }, (_, at) => bytes.readInt32BE(at * 4));
    expect(head).toEqual([1, 0, 16_500, 2, 1]);
    expect(bytes).toHaveLength(20 + 2 * (4 + 4 + 16));
    expect(fromVectorSend(bytes.subarray(48))).toEqual(vector);
    expect(toVectorArray([], 1)).toHaveLength(20);
  });
});

describe('names', () => {
  it('fit into the 63 characters that Postgres keeps, and differ', () => {
    const long = `${'a'.repeat(47)}-v12`;
    const names = ['nearest', 'words', 'keyword lang', 'integer lang'].map((purpose) =>
      indexName(long, purpose),
    );
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(63);
    expect(indexName(long, 'words')).not.toBe(indexName(`${long}3`, 'words'));
    expect(tableOf('docs-v1')).toBe('berth_data."docs-v1"');
  });
});

test('a filter carries values as parameters and names as literals', () => {
  const values = createValues();
  const clauses = filterClauses({ "it's": { in: ['a', "b'"] }, year: { gte: 3 } });
  expect(filterSql(clauses, values)).toBe(
    `(metadata->'it''s' = $1::jsonb OR metadata->'it''s' = $2::jsonb) AND ` +
      `(CASE WHEN jsonb_typeof(metadata->'year') = 'number' THEN metadata->'year' END >= $3::jsonb)`,
  );
  expect(values.list).toEqual(['"a"', `"b'"`, '3']);
  expect(filterSql([], values)).toBe('true');
});

test.each([
  ['28P01', 'CredentialsRefused'],
  ['28000', 'CredentialsRefused'],
  ['42501', 'CredentialsRefused'],
  ['3D000', 'InvalidRequest'],
  ['53100', 'OutOfSpace'],
  ['53300', 'StoreThrottled'],
  ['53200', 'StoreUnavailable'],
  ['57P01', 'StoreUnavailable'],
  ['57014', 'StoreUnavailable'],
  ['40P01', 'StoreUnavailable'],
  ['08006', 'StoreUnavailable'],
  ['22P05', 'StoreRejected'],
  ['23502', 'StoreRejected'],
  ['54000', 'StoreRejected'],
  ['42P01', 'CollectionNotFound'],
  ['21000', 'StoreRejected'],
  ['44000', 'StoreRejected'],
  ['54001', 'StoreRejected'],
  ['P0001', 'StoreRejected'],
  ['0A000', 'StoreUnsupported'],
  ['0LP01', 'StoreUnsupported'],
  ['2BP01', 'StoreUnsupported'],
  ['3F000', 'StoreUnsupported'],
  ['42601', 'StoreUnsupported'],
  ['42703', 'StoreUnsupported'],
  ['42809', 'StoreUnsupported'],
  ['42883', 'StoreUnsupported'],
  ['25006', 'StoreUnavailable'],
  ['55P03', 'StoreUnavailable'],
  ['XX000', 'StoreUnavailable'],
  ['ECONNREFUSED', 'StoreUnavailable'],
])('SQLSTATE %s is %s', (code, type) => {
  const error = Object.assign(new Error('first\nsecond'), { code });
  const failure = postgresFailure(error, 'pgvector: count docs-v1', 'docs-v1');
  expect(failure.type).toBe(type);
  expect(failure.message).toMatch(/^pgvector: count docs-v1: /);
  expect(failure.message).not.toContain('\n');
});

test('vectors of another length are told from other data that is refused', () => {
  const error = Object.assign(new Error('expected 3 dimensions, not 4'), { code: '22000' });
  expect(postgresFailure(error, 'here').type).toBe('DimensionMismatch');
});
