import type { FileHandle } from 'node:fs/promises';
import bytes from 'bytes';
import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { readLines } from '../files/lines.ts';
import { placeOf } from '../files/placeOf.ts';
import type { TextFormat } from '../files/textFormat.ts';
import { unknownColumns } from '../records/checkColumns.ts';
import { recordFailure } from '../records/recordFailure.ts';
import { createRecordReader } from '../records/recordReader.ts';
import { planLines } from './planLines.ts';
import { readJsonLine } from './readJsonLine.ts';

export interface JsonlOptions {
  /** Longest line that is read, bytes. */
  lineLimit: number;
  /** Files up to this size are counted, not estimated. */
  countUpTo?: number;
}

const sampledLines = 100;

export function createJsonlFormat(spec: SourceSpec, options: JsonlOptions): TextFormat {
  const toRecord = createRecordReader(spec.columns);
  const { lineLimit } = options;

  /** A column that no record of the beginning has is a slip of who named it, not of the records. */
  async function checkText(file: FileHandle, to: number): Promise<void> {
    const found = new Set<string>();
    let seen = 0;
    for await (const line of readLines(file, 0, to, { limit: lineLimit, chunkBytes: 65_536 })) {
      if (!line.cut) {
        readJsonLine(line.bytes, '', (row) => {
          seen += 1;
          for (const key of Object.keys(row)) found.add(key);
          return { record: { id: '', text: '', metadata: {} } };
        });
      }
      if (seen >= sampledLines) break;
    }
    const unknown = spec.columns.text.filter((column) => !found.has(column));
    if (seen > 0 && unknown.length > 0) throw unknownColumns(spec.location, unknown, [...found]);
  }

  return {
    async plan(file, from, to, planOptions) {
      if (from.at === 0) await checkText(file, to);
      return planLines(file, from, to, { ...planOptions, countUpTo: options.countUpTo });
    },

    async *read(file, from, to, signal) {
      let number = from.line;
      for await (const line of readLines(file, from.at, to, { limit: lineLimit, signal })) {
        const place = placeOf({ at: line.at, line: number });
        if (number !== null) number += 1;
        const next = JSON.stringify({ at: line.next, line: number });
        if (line.cut) {
          const reason = `the line has ${line.length} bytes, at most ${bytes(lineLimit)} are taken`;
          const raw = line.bytes.toString('utf8');
          yield { failure: recordFailure('too-large', place, reason, raw), next };
          continue;
        }
        const read = readJsonLine(line.bytes, place, toRecord);
        if (read === undefined) continue;
        yield 'record' in read ? { record: read.record, place, next } : { ...read, next };
      }
    },
  };
}
