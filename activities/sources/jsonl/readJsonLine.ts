import { recordFailure } from '../records/recordFailure.ts';
import type { ReadRecord, Row } from '../records/recordReader.ts';
import { isBlankLine } from './blankLine.ts';

// Takes a byte order mark away, too.
const utf8 = new TextDecoder('utf-8', { fatal: true });

type RecordReader = (row: Row, place: string, raw: () => string) => ReadRecord;

/** @returns undefined for a blank line. */
export function readJsonLine(
  bytes: Buffer,
  place: string,
  toRecord: RecordReader,
): ReadRecord | undefined {
  if (isBlankLine(bytes)) return undefined;
  const raw = (): string => bytes.toString('utf8', 0, 8000);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return {
      failure: recordFailure('invalid-utf8', place, 'the line is no UTF-8; convert it', raw()),
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = `not JSON: ${(error as Error).message}`;
    return { failure: recordFailure('malformed', place, reason, raw()) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { failure: recordFailure('malformed', place, 'no JSON object', raw()) };
  }
  return toRecord(value as Row, place, raw);
}
