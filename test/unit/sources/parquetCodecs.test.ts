import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Table as ArrowTable, Float64, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetMetadata } from 'hyparquet';
import {
  Compression,
  Table,
  WriterPropertiesBuilder,
  WriterVersion,
  writeParquet,
} from 'parquet-wasm';
import { expect, test } from 'vitest';
import { createParquetSource } from '../../../activities/sources/drivers/parquetSource.ts';
import { corpusFolder } from '../../support/sources/corpusFolder.ts';
import { failuresOf, readAll, recordsOf } from '../../support/sources/readSource.ts';

const count = 250;
const records = Array.from({ length: count }, (_, number) => ({
  id: `r${number}`,
  // Some repeat, for the dictionary, and one is longer than a page.
  text: number === 7 ? 'Ünïcode 🚢 '.repeat(20_000) : `The berth number ${number % 20} is free.`,
  metadata: { price: number / 4 },
}));

/** By the Rust parquet crate of the Arrow project, as many writers of such files use it. */
function written(codec: Compression, version: WriterVersion, dictionary: boolean): Uint8Array {
  const strings = (values: string[]) => vectorFromArray(values, new Utf8());
  const table = new ArrowTable({
    id: strings(records.map(({ id }) => id)),
    text: strings(records.map(({ text }) => text)),
    price: vectorFromArray(
      records.map(({ metadata }) => metadata.price),
      new Float64(),
    ),
  });
  const properties = new WriterPropertiesBuilder()
    .setCompression(codec)
    .setWriterVersion(version)
    .setDictionaryEnabled(dictionary)
    .setMaxRowGroupSize(100)
    .build();
  return writeParquet(Table.fromIPCStream(tableToIPC(table, 'stream')), properties);
}

const codecs = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'] as const;

test.each(codecs.flatMap((codec) => [1, 2].map((version) => [codec, version] as const)))(
  '%s in pages of version %i is read',
  async (codec, version) => {
    for (const dictionary of [true, false]) {
      const bytes = written(
        Compression[codec],
        version === 1 ? WriterVersion.V1 : WriterVersion.V2,
        dictionary,
      );
      const { row_groups: groups } = parquetMetadata(Uint8Array.from(bytes).buffer);
      expect(groups).toHaveLength(3);
      expect(groups[0]?.columns[1]?.meta_data?.codec).toBe(codec);
      const { folder, scratch } = await corpusFolder();
      const location = join(folder, 'corpus.parquet');
      await writeFile(location, bytes);
      const columns = { text: ['text'], metadata: null };
      const source = await createParquetSource(
        { kind: 'parquet', location, name: 'corpus', columns },
        { allowed: [folder], env: {} },
      );
      const plan = await source.plan({ partitionRecords: 60, maxPartitions: 100, scratch });
      expect(plan).toMatchObject({ records: count, exact: true });
      const items = await readAll(source, plan.partitions, scratch);
      await source.close();
      expect(failuresOf(items)).toEqual([]);
      expect(recordsOf(items)).toEqual(records);
    }
  },
);
