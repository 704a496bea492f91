import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Page, readPageFile, writePageFile } from '../../../activities/backfill/pageFile.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('page-file');
const path = join(folder, 'pages', '0-0.page');

const record = (id: string, texts: string[], dimensions: number) => ({
  id,
  place: `line of ${id}`,
  digest: 'd'.repeat(64),
  metadata: { id, nested: { list: [1, null, 'ü'] } },
  chunks: texts.map((text, index) => ({
    text,
    vector: Float32Array.from({ length: dimensions }, (_, at) => Math.fround(index + at / 7)),
  })),
  mostChunks: texts.length,
  again: texts.length > 1,
});

const page: Page = {
  dimensions: 3,
  round: 2,
  records: [record('a', ['one', 'two'], 3), record('b', ['three'], 3)],
};

test('what is written is read, whatever the texts are', async () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 50 }), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(texts, { maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (all, dimensions) => {
        const records = all.map((some, index) => record(`r${index}`, some, dimensions));
        const written = { dimensions, round: 0, records };
        await writePageFile(path, written);
        expect(await readPageFile(path, 'page')).toEqual(written);
      },
    ),
    { numRuns: 40 },
  );
});

test('the vectors of a page are views of one buffer', async () => {
  await writePageFile(path, page);
  const { records, round } = await readPageFile(path, 'page');
  expect(round).toBe(2);
  const vectors = records.flatMap(({ chunks }) => chunks.map(({ vector }) => vector));
  expect(new Set(vectors.map(({ buffer }) => buffer)).size).toBe(1);
});

test('only its owner reads the texts of a page', async () => {
  await writePageFile(path, page);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
});

test('a page of no records is a page', async () => {
  await writePageFile(path, { dimensions: 3, round: 0, records: [] });
  expect((await readPageFile(path, 'page')).records).toEqual([]);
});

test('a byte that is altered anywhere, a cut and an addition are a lost page, not bad data', async () => {
  await writePageFile(path, page);
  const whole = readFileSync(path);
  chmodSync(path, 0o600);
  const damaged = [
    ...Array.from({ length: whole.length }, (_, at) => {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ 1;
      return bytes;
    }),
    ...[0, 10, 63, 64, 65, whole.length - 1].map((length) => whole.subarray(0, length)),
    Buffer.concat([whole, Buffer.alloc(4)]),
  ];
  for (const bytes of damaged) {
    writeFileSync(path, bytes);
    await expect(readPageFile(path, 'page 3 of partition 1')).rejects.toMatchObject({
      type: 'PageLost',
      message: expect.stringMatching(/^page 3 of partition 1: its file .* is damaged; /),
    });
  }
});

test('a page that is not there is lost', async () => {
  await expect(readPageFile(join(folder, 'none'), 'page 0 of partition 0')).rejects.toMatchObject({
    type: 'PageLost',
    message: expect.stringContaining('is gone'),
  });
});
