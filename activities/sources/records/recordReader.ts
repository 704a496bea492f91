import type { SourceColumns } from '../../../workflows/contracts/backfill/source.ts';
import type { RecordFailure, SourceRecord } from '../recordSource.ts';
import { type PlainValue, plainValue } from './plainValue.ts';
import { recordFailure } from './recordFailure.ts';
import { contentId, readId } from './recordId.ts';
import { isWellFormed } from './wellFormed.ts';

export type Row = Record<string, unknown>;
export type ReadRecord = { record: SourceRecord } | { failure: RecordFailure };

/** Makes records of rows: JSON objects, lines of a table. */
export function createRecordReader(columns: SourceColumns) {
  /** @param raw For a failure's excerpt. */
  return (row: Row, place: string, raw: () => string): ReadRecord => {
    const idColumn = columns.id ?? 'id';
    const idValue = Object.hasOwn(row, idColumn) ? row[idColumn] : undefined;
    const named = idValue === undefined || idValue === null ? undefined : readId(idValue);
    const id = named !== undefined && 'id' in named ? named.id : null;
    const fail = (kind: RecordFailure['kind'], reason: string): ReadRecord => ({
      failure: recordFailure(kind, place, reason, raw(), id),
    });

    if (named === undefined && columns.id !== undefined) {
      return fail('missing-column', missing(columns.id, row));
    }
    if (named !== undefined && 'problem' in named) return fail('malformed', named.problem);

    const parts: string[] = [];
    for (const column of columns.text) {
      if (!Object.hasOwn(row, column)) return fail('missing-column', missing(column, row));
      const part = row[column] === null ? '' : plainValue(row[column], false);
      if (part === undefined) {
        return fail('malformed', `column ${column} is no text; name columns that hold text`);
      }
      if (String(part).trim() !== '') parts.push(String(part));
    }
    const text = parts.join('\n\n');
    if (text === '') {
      return fail('empty-text', `nothing but white space in ${columns.text.join(', ')}`);
    }
    if (!isWellFormed(text)) {
      return fail('invalid-utf8', 'the text holds half a surrogate pair, which no UTF-8 has');
    }
    const metadata = readMetadata(columns, row);
    return { record: { id: id ?? contentId(text, metadata), text, metadata } };
  };
}

/**
 * Without a choice every other column with a plain value; a chosen one may be nested, then it is
 * JSON text.
 */
function readMetadata(columns: SourceColumns, row: Row): Record<string, PlainValue> {
  const used = new Set([columns.id ?? 'id', ...columns.text]);
  const chosen = columns.metadata ?? Object.keys(row).filter((column) => !used.has(column));
  const entries: [string, PlainValue][] = [];
  for (const column of chosen) {
    if (!Object.hasOwn(row, column)) continue;
    const value = plainValue(row[column], columns.metadata !== null);
    if (value !== undefined) entries.push([column, value]);
  }
  // Defines its keys, so that one called __proto__ is a key like any other.
  return Object.fromEntries(entries);
}

const missing = (column: string, row: Row): string =>
  `no column ${column}; there is ${Object.keys(row).slice(0, 20).join(', ') || 'none'}`;
