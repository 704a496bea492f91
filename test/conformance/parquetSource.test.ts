import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';
import { createParquetSource } from '../../activities/sources/drivers/parquetSource.ts';
import type { SourceSpec } from '../../workflows/contracts/backfill/source.ts';
import { corpusFolder } from '../support/sources/corpusFolder.ts';
import { type Corpus, describeRecordSource } from './recordSource.ts';

const time = (number: number) => new Date(Date.UTC(2026, 0, 1, 0, number));
const record = (number: number) => ({
  id: String(number),
  text: `Text ${number} „ünï“ 😀`,
  metadata: {
    when: time(number).toISOString(),
    price: number / 2,
    big: '9007199254740993',
    sold: number % 2 === 0,
    ...(number % 3 === 0 ? { note: `note ${number}` } : {}),
  },
});

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bad: [Uint8Array | undefined, Corpus['failures'][number]][] = [
  [Uint8Array.of(0x61, 0xff), 'invalid-utf8'],
  [undefined, 'empty-text'],
  [utf8(' \n'), 'empty-text'],
];

function content(count: number, withBad: boolean, codec: 'SNAPPY' | 'GZIP', first = 0): Buffer {
  const rows = Array.from({ length: count }, (_, number) => record(first + number)).flatMap(
    (made, number): { id: bigint; text: Uint8Array | undefined; made: typeof made }[] => {
      const row = { id: BigInt(made.id), text: utf8(made.text), made };
      const broken = withBad ? bad[number] : undefined;
      return broken === undefined ? [row] : [row, { ...row, text: broken[0] }];
    },
  );
  const column = (name: string, type: BasicType, data: unknown[], nullable = false) => ({
    name,
    type,
    data,
    nullable,
  });
  const metadata = rows.map(({ made }) => made.metadata);
  return Buffer.from(
    parquetWriteBuffer({
      codec,
      compressors: { GZIP: (input) => gzipSync(input) },
      rowGroupSize: 4,
      statistics: false,
      columnData: [
        column(
          'id',
          'INT64',
          rows.map(({ id }) => id),
        ),
        column(
          'text',
          'BYTE_ARRAY',
          rows.map(({ text }) => text),
          true,
        ),
        column(
          'when',
          'TIMESTAMP',
          metadata.map(({ when }) => new Date(when)),
        ),
        column(
          'price',
          'DOUBLE',
          metadata.map(({ price }) => price),
        ),
        column(
          'big',
          'INT64',
          metadata.map(({ big }) => BigInt(big)),
        ),
        column(
          'sold',
          'BOOLEAN',
          metadata.map(({ sold }) => sold),
        ),
        column(
          'note',
          'STRING',
          metadata.map(({ note }) => note),
          true,
        ),
        column(
          'nested',
          'JSON',
          metadata.map(() => ({ left: 'out' })),
        ),
      ],
    }),
  );
}

function describeParquet(name: string, codec: 'SNAPPY' | 'GZIP', windowBytes: number): void {
  describeRecordSource(
    name,
    async (count, withBad) => {
      const { folder, scratch } = await corpusFolder();
      const location = join(folder, 'corpus.parquet');
      await writeFile(location, content(count, withBad, codec));
      const spec: SourceSpec = {
        kind: 'parquet',
        location,
        name: 'corpus',
        columns: { text: ['text'], metadata: null },
      };
      return {
        scratch,
        open: () => createParquetSource(spec, { allowed: [folder], env: {} }, { windowBytes }),
        records: Array.from({ length: count }, (_, number) => record(number)),
        failures: withBad ? bad.map(([, kind]) => kind) : [],
        rewrite: () => writeFile(location, content(count, false, codec, 1)),
      };
    },
    ['rewrite'],
  );
}

describeParquet('parquet', 'SNAPPY', 32 * 1024 * 1024);
// Row groups in parts.
describeParquet('parquet, row by row', 'GZIP', 1);
