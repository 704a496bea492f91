import type { FileHandle } from 'node:fs/promises';
import type { PlanOptions, SourceItem } from '../recordSource.ts';

/** Where a record begins. */
export interface TextPosition {
  /** Byte offset. */
  at: number;
  /** Line or row, from 1; null where nothing has counted them. */
  line: number | null;
}

export interface TextBorder extends TextPosition {
  /** Of the partition that begins here: records, or an estimate. */
  records: number;
}

export interface TextBorders {
  borders: TextBorder[];
  exact: boolean;
  /** Where a reader of what is appended begins: the end, or the last record if it is unfinished. */
  tail: TextPosition;
}

/** What differs between kinds of files that are read between byte offsets. */
export interface TextFormat {
  /** Borders within [from, to); none where it holds no records. */
  plan(
    file: FileHandle,
    from: TextPosition,
    to: number,
    options: PlanOptions,
  ): Promise<TextBorders>;
  /** `next` of an item is a TextPosition as JSON. */
  read(
    file: FileHandle,
    from: TextPosition,
    to: number,
    signal?: AbortSignal,
  ): AsyncIterable<SourceItem>;
}
