import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createJsonlSource } from '../../activities/sources/drivers/jsonlSource.ts';
import { openSource } from '../../activities/sources/openSource.ts';
import type { SourceSpec } from '../../workflows/contracts/backfill/source.ts';
import { corpusFolder } from '../support/sources/corpusFolder.ts';
import { type Corpus, describeRecordSource } from './recordSource.ts';

const record = (number: number) => ({
  id: `r${number}`,
  text: `Text ${number} „ünï“ 😀\nsecond line`,
  metadata: { number, flag: number % 2 === 0, 'a "key"': `v${number}` },
});
const line = (number: number): string => {
  const { metadata, ...rest } = record(number);
  return JSON.stringify({ ...rest, ...metadata, nested: { left: ['out'] }, none: null });
};
const bad: [Buffer, Corpus['failures'][number]][] = [
  [Buffer.from('{"id": "x", "text": "cut'), 'malformed'],
  [Buffer.from('[1, 2]'), 'malformed'],
  [Buffer.from('{"id": "u", "text": "\xff"}', 'latin1'), 'invalid-utf8'],
  [Buffer.from('{"id": "s", "text": "\\ud800"}'), 'invalid-utf8'],
  [Buffer.from('{"id": "m"}'), 'missing-column'],
  [Buffer.from('{"id": "e", "text": " \\n"}'), 'empty-text'],
  [Buffer.from('{"id": {"a": 1}, "text": "t"}'), 'malformed'],
  [Buffer.from(`{"id": "${'i'.repeat(501)}", "text": "t"}`), 'malformed'],
  [Buffer.from('{"id": 12345678901234567890, "text": "t"}'), 'malformed'],
];

function content(records: number, withBad: boolean): Buffer {
  const lines: Buffer[] = [];
  for (let number = 0; number < records; number += 1) {
    lines.push(Buffer.from(line(number) + (number % 3 === 0 ? '\r' : '')));
    if (number % 5 === 0) lines.push(Buffer.from(' '));
    const broken = withBad ? bad[number]?.[0] : undefined;
    if (broken !== undefined) lines.push(broken);
  }
  return Buffer.from(lines.map((each) => `${each.toString('latin1')}\n`).join(''), 'latin1');
}

const spec = (location: string): SourceSpec => ({
  kind: 'jsonl',
  location,
  name: 'corpus',
  columns: { text: ['text'], metadata: null },
});

async function make(
  file: string,
  count: number,
  withBad: boolean,
  pack: (bytes: Buffer) => Buffer,
): Promise<Corpus & { path: string }> {
  const { folder, scratch } = await corpusFolder();
  const path = join(folder, file);
  await writeFile(path, pack(content(count, withBad)));
  return {
    path,
    scratch,
    open: () => openSource(spec(path), { allowed: [folder], env: {} }),
    records: Array.from({ length: count }, (_, number) => record(number)),
    failures: withBad ? bad.slice(0, count).map(([, kind]) => kind) : [],
    rewrite: () =>
      writeFile(path, pack(Buffer.concat([Buffer.from(`${line(-1)}\n`), content(count, false)]))),
  };
}

describeRecordSource('jsonl', async (count, withBad) => {
  const corpus = await make('corpus.jsonl', count, withBad, (bytes) => bytes);
  return {
    ...corpus,
    change: async () => {
      const added = [1000, 1001, 1002, 1003, 1004, 1005, 1006];
      // The last one without its line feed.
      await appendFile(corpus.path, added.map(line).join('\n'));
      return added.map(record);
    },
  };
});

describeRecordSource(
  'jsonl, packed',
  (count, withBad) => make('corpus.jsonl.gz', count, withBad, (bytes) => gzipSync(bytes)),
  ['rewrite'],
);

describeRecordSource(
  'jsonl, estimated',
  async (count, withBad) => {
    const corpus = await make('corpus.ndjson', count, withBad, (bytes) => bytes);
    return {
      ...corpus,
      open: () =>
        createJsonlSource(
          spec(corpus.path),
          { allowed: [], env: {} },
          {
            lineLimit: 100_000,
            countUpTo: 0,
          },
        ),
    };
  },
  ['rewrite'],
);
