import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRows } from '../../../activities/sources/csv/parseRows.ts';
import { type RawRow, splitRows } from '../../../activities/sources/csv/splitRows.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('rows');
const limit = 1000;

async function split(bytes: Buffer, chunkBytes: number, from = { at: 0, line: 1 }) {
  const path = join(folder, 'rows.csv');
  await writeFile(path, bytes);
  const file = await open(path, 'r');
  try {
    const rows: RawRow[] = [];
    const options = { delimiter: 44, limit, chunkBytes };
    for await (const row of splitRows(file, from, bytes.length, options)) rows.push(row);
    return rows;
  } finally {
    await file.close();
  }
}

/** The whole text at a time, by an expression for one row. */
function naive(text: string): { text: string; broken: boolean }[] {
  const field = '(?:"(?:[^"]|"")*"\\r*|[^",\\n][^,\\n]*|)';
  const row = new RegExp(`^${field}(?:,${field})*(?:\\n|$)`);
  const rows: { text: string; broken: boolean }[] = [];
  while (text !== '') {
    const whole = row.exec(text)?.[0];
    const taken = whole ?? /^[^\n]*\n?/.exec(text)?.[0] ?? '';
    const bare = taken.replace(/\n$/, '').replace(/\r$/, '');
    if (bare !== '') rows.push({ text: bare, broken: whole === undefined });
    text = text.slice(taken.length);
  }
  return rows;
}

const pieces = fc.constantFrom(
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '\r',
  'a',
  'é',
  '😀',
  ' ',
  '","',
  '"\n',
);
const noise = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(''));

test('rows are those of an expression over the whole text, whatever the size of chunks', async () => {
  await fc.assert(
    fc.asyncProperty(noise, fc.integer({ min: 1, max: 50 }), async (text, chunkBytes) => {
      const rows = await split(Buffer.from(text), chunkBytes);
      const found = rows.map(({ bytes, problem }) => ({
        text: bytes.toString(),
        broken: problem !== null,
      }));
      expect(found).toEqual(naive(text));
      for (const { at, next, line } of rows) {
        expect(next.at).toBeGreaterThan(at);
        expect(line).toBe(
          text.slice(0, Buffer.from(text).subarray(0, at).toString().length).split('\n').length,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('from each border on come the same rows again', async () => {
  await fc.assert(
    fc.asyncProperty(noise, async (text) => {
      const bytes = Buffer.from(text);
      const rows = await split(bytes, 7);
      const index = Math.floor(rows.length / 2);
      const from = rows[index];
      if (from === undefined) return;
      const { at, line } = from;
      expect(await split(bytes, 13, { at, line: line ?? 0 })).toEqual(rows.slice(index));
    }),
    { numRuns: 100 },
  );
});

test('tables of any texts come back as they were written', async () => {
  const value = fc.oneof(noise, fc.string({ unit: 'grapheme' }));
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain((width) =>
      fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 20 }),
    );
  await fc.assert(
    fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), async (rows, eol, end) => {
      const text = rows
        .map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(','))
        .join(eol + eol);
      const found = await split(Buffer.from(end ? text + eol : text), 17);
      expect(
        parseRows(
          found.map(({ bytes }) => bytes.toString()),
          ',',
        ),
      ).toEqual(rows);
    }),
    { numRuns: 200 },
  );
});

test('a row over the limit spoils itself only, and is not kept in memory', async () => {
  const long = `a,"${'x'.repeat(5000)}\n${'y'.repeat(5000)}"`;
  const rows = await split(Buffer.from(`a,b\n${long}\nc,d\n`), 100);
  expect(rows.map(({ problem, line }) => [problem, line])).toEqual([
    [null, 1],
    ['too-large', 2],
    ['too-large', 3],
    [null, 4],
  ]);
  expect(Math.max(...rows.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(2000);
});

test('a quote that never closes spoils its line only', async () => {
  const rows = await split(Buffer.from('a,b\n"open,x\nc,d\ne,f'), 3);
  expect(rows.map(({ bytes, problem, finished }) => [bytes.toString(), problem, finished])).toEqual(
    [
      ['a,b', null, true],
      ['"open,x', 'quote', false],
      ['c,d', null, true],
      ['e,f', null, false],
    ],
  );
});
