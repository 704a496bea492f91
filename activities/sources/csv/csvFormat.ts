import type { FileHandle } from 'node:fs/promises';
import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { countBorders } from '../files/countBorders.ts';
import { placeOf } from '../files/placeOf.ts';
import type { TextFormat, TextPosition } from '../files/textFormat.ts';
import type { SourceItem } from '../recordSource.ts';
import { checkColumns } from '../records/checkColumns.ts';
import { recordFailure } from '../records/recordFailure.ts';
import { createRecordReader, type ReadRecord } from '../records/recordReader.ts';
import { parseRows } from './parseRows.ts';
import { readHeader } from './readHeader.ts';
import { type RawRow, splitRows } from './splitRows.ts';

export interface CsvOptions {
  delimiter: ',' | '\t';
  /** Longest row, bytes. */
  rowLimit: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const batchBytes = 256 * 1024;

/** Values stay texts: `007` is no number. */
export function createCsvFormat(spec: SourceSpec, { delimiter, rowLimit }: CsvOptions): TextFormat {
  const split = { delimiter: delimiter.charCodeAt(0), limit: rowLimit };
  const toRecord = createRecordReader(spec.columns);
  const headerOf = (file: FileHandle, to: number) =>
    readHeader(file, spec.location, to, delimiter, split);

  function readRow(row: RawRow, fields: string[] | undefined, header: string[]): ReadRecord {
    const raw = (): string => row.bytes.toString('utf8', 0, 8000);
    const fail = (kind: 'malformed' | 'invalid-utf8' | 'too-large', reason: string) => ({
      failure: recordFailure(kind, placeOf(row), reason, raw()),
    });
    if (row.problem === 'too-large') return fail('too-large', `more than ${rowLimit} bytes`);
    if (row.problem === 'quote') {
      return fail('malformed', 'a quote is not closed, or something else than a delimiter follows');
    }
    if (fields === undefined) return fail('invalid-utf8', 'the row is no UTF-8; convert the file');
    if (fields.length !== header.length) {
      const reason = `${fields.length} fields, expected ${header.length} as in the first row`;
      return fail('malformed', reason);
    }
    const entries = header.map((name, index): [string, unknown] => [name, fields[index]]);
    return toRecord(Object.fromEntries(entries.filter(([name]) => name !== '')), placeOf(row), raw);
  }

  function* readBatch(rows: RawRow[], header: string[]): Generator<SourceItem> {
    const texts = rows.map((row) => (row.problem === null ? decode(row.bytes) : undefined));
    const parsed = parseRows(
      texts.filter((text) => text !== undefined),
      delimiter,
    ).values();
    for (const [index, row] of rows.entries()) {
      const fields = texts[index] === undefined ? undefined : (parsed.next().value ?? []);
      const read = readRow(row, fields, header);
      const next = JSON.stringify(row.next);
      yield 'record' in read
        ? { record: read.record, place: placeOf(row), next }
        : { ...read, next };
    }
  }

  return {
    async plan(file, from, to, options) {
      const { header, next } = await headerOf(file, to);
      checkColumns(spec.location, spec.columns, header);
      let tail: TextPosition | undefined;
      let end = from.at === 0 ? next : from;
      async function* rows(): AsyncGenerator<RawRow> {
        for await (const row of splitRows(file, end, to, { ...split, signal: options.signal })) {
          if (!row.finished) tail ??= { at: row.at, line: row.line };
          end = row.next;
          yield row;
        }
      }
      const borders = await countBorders(rows(), to, options);
      return { borders, exact: true, tail: tail ?? { at: to, line: end.line } };
    },

    async *read(file, from, to, signal) {
      const { header } = await headerOf(file, to);
      let batch: RawRow[] = [];
      let size = 0;
      for await (const row of splitRows(file, from, to, { ...split, signal })) {
        batch.push(row);
        size += row.bytes.length;
        if (size < batchBytes) continue;
        yield* readBatch(batch, header);
        batch = [];
        size = 0;
      }
      yield* readBatch(batch, header);
    },
  };
}

function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
