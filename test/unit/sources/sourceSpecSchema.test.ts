import { expect, test } from 'vitest';
import { parseSourceSpec, type SourceInput } from '../../../activities/sources/sourceSpecSchema.ts';

test.each([
  ['/data/docs.jsonl', 'jsonl', 'docs'],
  ['/data/docs.v2.ndjson.gz', 'jsonl', 'docs.v2'],
  ['/data/docs.csv', 'csv', 'docs'],
  ['/data/docs.TSV', 'csv', 'docs'],
  ['/data/docs.parquet', 'parquet', 'docs'],
  ['/data/mails', 'folder', 'mails'],
  ['/data/mails/', 'folder', 'mails'],
  ['/data/.mails.old', 'folder', '.mails.old'],
  ['synthetic:10000000', 'synthetic', 'synthetic'],
])('%s is a source of kind %s called %s', (location, kind, name) => {
  expect(parseSourceSpec(location)).toEqual({
    kind,
    location: location.replace(/\/$/, ''),
    name,
    columns: { text: ['text'], metadata: null },
  });
});

test('a table is called by its database and name, and keeps its columns', () => {
  const input: SourceInput = {
    location: 'postgres://reader@db:5432/shop',
    query: 'public.products',
    changedColumn: 'updated_at',
    columns: { id: 'sku', text: ['title', 'body'], metadata: ['price'] },
  };
  expect(parseSourceSpec(input)).toEqual({
    kind: 'postgres',
    name: 'shop.public.products',
    ...input,
  });
  expect(parseSourceSpec({ ...input, query: 'SELECT 1 AS id', name: undefined }).name).toBe('shop');
});

test('relative paths are taken from the folder that is given', () => {
  expect(parseSourceSpec('docs/a.csv', '/home/me').location).toBe('/home/me/docs/a.csv');
  expect(() => parseSourceSpec('docs/a.csv')).toThrow('expected an absolute path');
});

test.each<[SourceInput | string, RegExp]>([
  [{ location: 'postgres://a:hunter2@db/x', query: 't' }, /PGPASSWORD/],
  [{ location: 'postgres://a@db/x?password=hunter2', query: 't' }, /PGPASSWORD/],
  ['postgres://a@db/x', /query: a database needs a table/],
  ['synthetic:many', /expected synthetic:<records>/],
  [{ location: '/a.csv', query: 'SELECT 1' }, /query: only a database has one/],
  [{ location: '/a.csv', columns: { text: [] } }, /columns\.text/],
  [{ location: '/a.csv', name: 'two\nlines' }, /name: expected 1 to 200/],
  [{ location: '/a.csv', colour: 'red' } as unknown as SourceInput, /colour/],
])('%j is refused in one line, without a password', (input, message) => {
  const parse = () => parseSourceSpec(input, '/');
  expect(parse).toThrow(message);
  expect(parse).toThrow(/^[^\n]*$/);
  expect(parse).not.toThrow(/hunter2/);
});
