import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openSource } from '../../activities/sources/openSource.ts';
import type { SourceSpec } from '../../workflows/contracts/backfill/source.ts';
import { corpusFolder } from '../support/sources/corpusFolder.ts';
import { type Corpus, describeRecordSource } from './recordSource.ts';

const record = (number: number) => ({
  id: `r${number}`,
  text: `Text "${number}", „ünï“ 😀\r\nsecond line`,
  metadata: { number: `0${number}`, empty: '' },
});
const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const bad: [Buffer, Corpus['failures'][number]][] = [
  [Buffer.from('x,"not closed, because'), 'malformed'],
  [Buffer.from('x,"closed" too early,1,'), 'malformed'],
  [Buffer.from('u,\xff,1,', 'latin1'), 'invalid-utf8'],
  [Buffer.from('short,row'), 'malformed'],
  [Buffer.from('long,row,1,,'), 'malformed'],
  [Buffer.from('e,"  ",1,'), 'empty-text'],
  [Buffer.from(`${'i'.repeat(501)},t,1,`), 'malformed'],
  [Buffer.from(',t,1,'), 'malformed'],
];

async function make(
  file: string,
  count: number,
  withBad: boolean,
  pack: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<Corpus & { path: string }> {
  const { folder, scratch } = await corpusFolder();
  const path = join(folder, file);
  const delimiter = file.includes('.tsv') ? '\t' : ',';
  const row = (number: number): Buffer => {
    const { id, text, metadata } = record(number);
    return Buffer.from([id, quoted(text), metadata.number, metadata.empty].join(delimiter));
  };
  const content = (first: number): Buffer => {
    const rows: Buffer[] = [Buffer.from(['\ufeff"id"', 'text', 'number', 'empty'].join(delimiter))];
    for (let number = first; number < count; number += 1) {
      rows.push(row(number));
      if (number % 4 === 0) rows.push(Buffer.alloc(0));
      const broken = withBad ? bad[number]?.[0] : undefined;
      if (broken !== undefined) {
        rows.push(Buffer.from(broken.toString('latin1').replaceAll(',', delimiter), 'latin1'));
      }
    }
    return pack(Buffer.concat(rows.flatMap((each) => [each, Buffer.from('\r\n')])));
  };
  const spec: SourceSpec = {
    kind: 'csv',
    location: path,
    name: 'corpus',
    columns: { text: ['text'], metadata: null },
  };
  await writeFile(path, content(0));
  return {
    path,
    scratch,
    open: () => openSource(spec, { allowed: [folder], env: {} }),
    records: Array.from({ length: count }, (_, number) => record(number)),
    failures: withBad ? bad.slice(0, count).map(([, kind]) => kind) : [],
    rewrite: () => writeFile(path, content(-1)),
    change: async () => {
      const added = [1000, 1001, 1002, 1003, 1004, 1005, 1006];
      await appendFile(path, added.map((number) => row(number).toString()).join('\n'));
      return added.map(record);
    },
  };
}

describeRecordSource('csv', (count, withBad) => make('corpus.csv', count, withBad));
describeRecordSource('csv, tabs', (count, withBad) => make('corpus.tsv', count, withBad));
describeRecordSource(
  'csv, packed',
  async (count, withBad) => ({
    ...(await make('corpus.csv.gz', count, withBad, (bytes) => gzipSync(bytes))),
    change: undefined,
  }),
  ['rewrite'],
);
