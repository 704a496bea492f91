import { type FileHandle, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import bytes from 'bytes';
import type { SourceColumns } from '../../../workflows/contracts/backfill/source.ts';
import { contains } from '../../platform/allowedPaths.ts';
import type { RecordFailure, SourceRecord } from '../recordSource.ts';
import { recordFailure } from '../records/recordFailure.ts';
import { createRecordReader } from '../records/recordReader.ts';
import type { DocumentKind } from './fileKind.ts';
import { openRegular } from './openRegular.ts';
import { readDocument } from './readDocument.ts';
import { splitMbox } from './splitMbox.ts';
import type { FolderEntry } from './walkFolder.ts';

/** Where a reader of a file that holds several records goes on. */
export interface InsideEntry {
  offset: number;
  /** Of the message there, from 1. */
  message: number;
}

export type EntryItem = ({ record: SourceRecord } | { failure: RecordFailure }) & {
  place: string;
  /** null: the file is done. */
  next: InsideEntry | null;
};

export function createEntryReader(root: string, given: SourceColumns, limit: number) {
  // A record's id is its path unless a property was chosen; that of a front matter is a property.
  const toRecord = createRecordReader({ ...given, id: given.id ?? 'path' });

  async function toItem(
    kind: Exclude<DocumentKind, 'mbox'>,
    content: Buffer,
    place: string,
    idOf: (messageId: unknown) => string,
  ): Promise<{ record: SourceRecord } | { failure: RecordFailure }> {
    const raw = (): string => content.toString('utf8', 0, 8000);
    const read = await readDocument(kind, content);
    if ('problem' in read) {
      const { problem } = read;
      const id = given.id === undefined ? idOf(undefined) : null;
      return { failure: recordFailure(problem.kind, place, problem.reason, raw(), id) };
    }
    return toRecord({ ...read.row, path: idOf(read.row.messageId) }, place, raw);
  }

  const tooLarge = (place: string) => ({
    failure: recordFailure('too-large', place, `more than ${bytes(limit)}`, ''),
  });

  return async function* readEntry(
    { path, kind }: FolderEntry,
    { offset, message }: InsideEntry = { offset: 0, message: 1 },
    signal?: AbortSignal,
  ): AsyncGenerator<EntryItem> {
    if (kind === 'misnamed' || kind === 'special') {
      // Whatever has had a name that is no text may have a record under another one.
      const id = kind === 'misnamed' ? null : path;
      const failure = recordFailure('unreadable', path, unreadReasons[kind], '', id);
      yield { failure, place: path, next: null };
      return;
    }
    const opened = await openInside(root, path);
    if ('reason' in opened) {
      const failure = recordFailure('unreadable', path, opened.reason, '', path);
      yield { failure, place: path, next: null };
      return;
    }
    try {
      const { size } = await opened.file.stat();
      if (kind !== 'mbox') {
        const read =
          size > limit
            ? tooLarge(path)
            : await toItem(kind, await readBytes(opened.file, size), path, () => path);
        yield { ...read, place: path, next: null };
        return;
      }
      let number = message;
      for await (const found of splitMbox(opened.file, offset, size, { limit, signal })) {
        const place = `${path}, message ${number} (byte ${found.at})`;
        const own = number;
        number += 1;
        const read =
          found.bytes === null
            ? tooLarge(place)
            : await toItem(
                'mail',
                found.bytes,
                place,
                (id) => `${path}#${bareMessageId(id) ?? own}`,
              );
        const next = found.next < size ? { offset: found.next, message: number } : null;
        yield { ...read, place, next };
      }
    } finally {
      await opened.file.close();
    }
  };
}

const unreadReasons = {
  misnamed: 'its name is no UTF-8; rename it',
  special: 'is a pipe, a socket or a device; only regular files are read',
};

/** What says that it is empty may have no end, as files of the kernel's have. */
const readBytes = async (file: FileHandle, size: number): Promise<Buffer> =>
  size === 0 ? Buffer.alloc(0) : file.readFile();

/** A link may have been laid since the folder was listed. */
async function openInside(
  root: string,
  path: string,
): Promise<{ file: FileHandle } | { reason: string }> {
  try {
    const real = await realpath(join(root, path), { encoding: 'buffer' });
    if (!contains(root, real.toString())) {
      return { reason: 'is a link that leads out of the folder now' };
    }
    const file = await openRegular(real);
    return file === undefined ? { reason: unreadReasons.special } : { file };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      reason:
        code === 'ENOENT' || code === 'ENOTDIR'
          ? 'is gone since the folder was listed'
          : `cannot be read (${code}); let the worker's user read it`,
    };
  }
}

const bareMessageId = (messageId: unknown): string | undefined =>
  typeof messageId === 'string' ? messageId.replace(/^<|>$/g, '') || undefined : undefined;
