import type { FileHandle } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Row } from '../records/recordReader.ts';

/** Stands for a text whose bytes are no UTF-8. */
export class InvalidText {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** As hyparquet wants it: by ranges, never as a whole. */
export function rangesOf(file: FileHandle, size: number): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start, end = size) {
      const from = start < 0 ? size + start : start;
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - from));
      let read = 0;
      while (read < bytes.length) {
        const { bytesRead } = await file.read(bytes, read, bytes.length - read, from + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/** @throws BerthError InvalidRequest when it is no Parquet file. */
export async function readFooter(file: AsyncBuffer, path: string): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(file);
  } catch (error) {
    throw damaged(path, error);
  }
}

/** Names of columns, and which of them hold plain values, no lists or structures. */
export function columnsOf(metadata: FileMetaData): { names: string[]; plain: string[] } {
  const { children } = parquetSchema(metadata);
  const plain = children.filter(
    ({ children: inner, element }) => inner.length === 0 && element.repetition_type !== 'REPEATED',
  );
  const nameOf = ({ element }: (typeof children)[number]): string => element.name;
  return { names: children.map(nameOf), plain: plain.map(nameOf) };
}

/** @throws BerthError InvalidRequest when pages are damaged, or packed in an unknown way. */
export async function readRows(
  file: AsyncBuffer,
  path: string,
  metadata: FileMetaData,
  columns: string[],
  rowStart: number,
  rowEnd: number,
): Promise<Row[]> {
  try {
    return await parquetReadObjects({
      file,
      metadata,
      columns,
      rowStart,
      rowEnd,
      compressors,
      useOffsetIndex: true,
      parsers: { stringFromBytes: decode },
    });
  } catch (error) {
    throw damaged(path, error);
  }
}

function decode(bytes: Uint8Array | undefined): string | InvalidText | undefined {
  if (bytes === undefined) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return new InvalidText(bytes);
  }
}

function damaged(path: string, error: unknown) {
  const message = (error as Error).message.replace(/\s+/g, ' ').slice(0, 300);
  return berthError('InvalidRequest', `${path}: cannot be read as Parquet (${message})`);
}
