import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJsonlSource } from '../../../activities/sources/drivers/jsonlSource.ts';
import type { SourceRecord } from '../../../activities/sources/recordSource.ts';
import { failuresOf, readAll, recordsOf } from '../../support/sources/readSource.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('json-lines');

/** The whole file at a time. */
function naive(content: Buffer): { records: SourceRecord[]; failures: number } {
  const records: SourceRecord[] = [];
  let failures = 0;
  for (const line of content.toString('latin1').split('\n')) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1'));
      if (/^[ \r]*$/.test(text)) continue;
      const value = JSON.parse(text);
      if (typeof value.text !== 'string' || value.text.trim() === '') throw new Error('no text');
      records.push({ id: value.id, text: value.text, metadata: { n: value.n } });
    } catch {
      failures += 1;
    }
  }
  return { records, failures };
}

const good = fc
  .record({
    id: fc.uuid(),
    text: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\r\n', 'a\u2028b', '"', '\\')),
    n: fc.integer(),
  })
  .map((record) => Buffer.from(JSON.stringify(record)));
const broken = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  good.map((line) => line.subarray(0, line.length - 3)),
  fc.constantFrom('', ' ', '\r', '\ufeff', '[]', 'null', '"text"').map((text) => Buffer.from(text)),
);
const content = fc
  .tuple(
    fc.array(fc.tuple(fc.oneof({ weight: 3, arbitrary: good }, broken), fc.boolean())),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([found, mark, end]) => {
    const parts = found.flatMap(([line, windows]) => [line, Buffer.from(windows ? '\r\n' : '\n')]);
    const whole = Buffer.concat([Buffer.from(mark ? '\ufeff' : ''), ...parts]);
    return end ? whole : whole.subarray(0, -1);
  });

test.each([
  ['counted', undefined],
  ['estimated', 0],
])('any bytes, %s, give what a reader of the whole file finds', async (_, countUpTo) => {
  const location = join(folder, 'any.jsonl');
  await writeFile(location, '');
  const source = await createJsonlSource(
    { kind: 'jsonl', location, name: 'any', columns: { text: ['text'], metadata: null } },
    { allowed: [], env: {} },
    { lineLimit: 1_000_000, countUpTo },
  );
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 5 }), async (bytes, partitionRecords) => {
      // A first record with a text, so that the column is known.
      const whole = Buffer.concat([Buffer.from('{"id":"first","text":"t","n":0}\n'), bytes]);
      await writeFile(location, whole);
      const plan = await source.plan({ partitionRecords, maxPartitions: 50, scratch: folder });
      const items = await readAll(source, plan.partitions, folder);
      const expected = naive(whole);
      expect(recordsOf(items)).toEqual(expected.records);
      expect(failuresOf(items)).toHaveLength(expected.failures);
      if (plan.exact) expect(plan.records).toBe(items.length);
    }),
    { numRuns: 150 },
  );
});
