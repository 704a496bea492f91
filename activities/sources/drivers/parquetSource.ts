import type { FileMetaData } from 'hyparquet';
import { z } from 'zod';
import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { resolveAllowed } from '../../platform/allowedPaths.ts';
import { thinBorders } from '../files/countBorders.ts';
import {
  type FileStamp,
  fileStampSchema,
  openSource,
  requireWhole,
  stampFile,
} from '../files/fileStamp.ts';
import { columnsOf, InvalidText, rangesOf, readFooter, readRows } from '../parquet/parquetFile.ts';
import { type RowWindow, rowWindows } from '../parquet/rowWindows.ts';
import { createWindowCache } from '../parquet/windowCache.ts';
import type { OpenSource, RecordSource, SourceDeps } from '../recordSource.ts';
import { checkColumns } from '../records/checkColumns.ts';
import { recordFailure } from '../records/recordFailure.ts';
import { createRecordReader, type ReadRecord, type Row } from '../records/recordReader.ts';

const toSchema = z.object({ group: z.number().int() });
const cursorSchema = toSchema.extend({ row: z.number().int() });
const fromSchema = cursorSchema.extend({ file: fileStampSchema });

const decodeOnce = createWindowCache();
const windowBytes = 32 * 1024 * 1024;

interface Footer {
  metadata: FileMetaData;
  columns: string[];
  windows: RowWindow[];
}

/** Partitions are row groups, one or several; a cursor is a row within one. */
export async function createParquetSource(
  spec: SourceSpec,
  deps: SourceDeps,
  options = { windowBytes },
): Promise<RecordSource> {
  const path = await resolveAllowed(spec.location, 'file', deps.allowed);
  const toRecord = createRecordReader(spec.columns);
  let lastFooter: { key: string; footer: Footer } | undefined;

  async function withFile<T>(
    stamp: FileStamp,
    work: (footer: Footer, rowsOf: (window: RowWindow) => Promise<Row[]>) => T,
  ): Promise<{ result: T; close(): Promise<void> }> {
    const handle = await openSource(path);
    try {
      const file = rangesOf(handle, stamp.size);
      const key = JSON.stringify(stamp);
      if (lastFooter?.key !== key) {
        const metadata = await readFooter(file, path);
        lastFooter = { key, footer: { metadata, ...choose(metadata) } };
      }
      const { footer } = lastFooter;
      const { metadata, columns } = footer;
      const rowsOf = ({ from, to }: RowWindow): Promise<Row[]> =>
        decodeOnce(JSON.stringify([path, key, columns, from, to]), () =>
          readRows(file, path, metadata, columns, from, to),
        );
      return { result: work(footer, rowsOf), close: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  function choose(metadata: FileMetaData): { columns: string[]; windows: RowWindow[] } {
    const { names, plain } = columnsOf(metadata);
    checkColumns(spec.location, spec.columns, names);
    const { id = 'id', text, metadata: chosen } = spec.columns;
    const wanted = new Set(chosen === null ? plain : chosen);
    const columns = names.filter((name) => wanted.has(name) || text.includes(name) || name === id);
    return { columns, windows: rowWindows(metadata, columns, options.windowBytes) };
  }

  function readRow(row: Row, place: string): ReadRecord {
    const raw = (): string => JSON.stringify(row, showValue);
    const broken = Object.entries(row).find(([, value]) => value instanceof InvalidText);
    if (broken === undefined) return toRecord(row, place, raw);
    const reason = `column ${broken[0]} is no UTF-8; convert it`;
    return { failure: recordFailure('invalid-utf8', place, reason, raw()) };
  }

  return {
    kind: 'parquet',
    async plan({ partitionRecords, maxPartitions }) {
      const file = await stampFile(path);
      const { result: footer, close } = await withFile(file, (found) => found);
      await close();
      await requireWhole(path, file);
      const borders: { group: number; records: number }[] = [];
      for (const [group, { num_rows }] of footer.metadata.row_groups.entries()) {
        const last = borders.at(-1);
        const records = Number(num_rows);
        if (records === 0) continue;
        if (last !== undefined && last.records + records <= partitionRecords) {
          last.records += records;
        } else {
          borders.push({ group, records });
        }
      }
      const thin = thinBorders(borders, maxPartitions);
      const end = footer.metadata.row_groups.length;
      return {
        fingerprint: [file.size, file.mtime, file.sample].join('-'),
        records: thin.reduce((sum, { records }) => sum + records, 0),
        exact: true,
        partitions: thin.map(({ group, records }, index) => ({
          index,
          from: JSON.stringify({ group, row: 0, file }),
          to: JSON.stringify({ group: thin[index + 1]?.group ?? end }),
          records,
        })),
        changeToken: null,
      };
    },

    async *read(partition, cursor, { signal }) {
      const { file, ...first } = fromSchema.parse(JSON.parse(partition.from));
      const from = cursor === null ? first : cursorSchema.parse(JSON.parse(cursor));
      const { group: end } = toSchema.parse(JSON.parse(partition.to ?? ''));
      signal?.throwIfAborted();
      await requireWhole(path, file);
      const { result, close } = await withFile(file, (footer, rowsOf) => ({ footer, rowsOf }));
      try {
        const { windows } = result.footer;
        for (const window of windows) {
          if (window.group < from.group || window.group >= end) continue;
          const base = windows.find(({ group }) => group === window.group)?.from ?? 0;
          const skip = window.group === from.group ? from.row : 0;
          if (base + skip >= window.to) continue;
          signal?.throwIfAborted();
          const rows = await result.rowsOf(window);
          for (let row = Math.max(window.from, base + skip); row < window.to; row += 1) {
            const place = `row ${row + 1}`;
            const read = readRow(rows[row - window.from] ?? {}, place);
            const next = JSON.stringify({ group: window.group, row: row + 1 - base });
            yield 'record' in read ? { record: read.record, place, next } : { ...read, next };
          }
        }
        await requireWhole(path, file);
      } finally {
        await close();
      }
    },

    async close() {},
  };
}

export const openParquetSource: OpenSource = (spec, deps) => createParquetSource(spec, deps);

function showValue(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof InvalidText ? Buffer.from(value.bytes).toString('latin1') : value;
}
