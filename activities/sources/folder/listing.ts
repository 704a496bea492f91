import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { commitFile, temporaryName } from '../../platform/atomicFile.ts';
import { countBorders } from '../files/countBorders.ts';
import { readLines } from '../files/lines.ts';
import type { TextBorder, TextPosition } from '../files/textFormat.ts';
import type { PlanOptions } from '../recordSource.ts';
import { entryKinds } from './fileKind.ts';
import type { FolderEntry } from './walkFolder.ts';

const lineSchema = z.tuple([z.string(), z.enum(entryKinds), z.number(), z.string(), z.string()]);
const writtenAtOnce = 64 * 1024;
/** Of a mail in an mbox, to estimate their number. */
const usualMailBytes = 8 * 1024;

/** The files of a plan, one a line, in a file that is named by its digest. */
export interface Listing {
  /** 32 hex digits of SHA-256. */
  digest: string;
  borders: TextBorder[];
  /** Whether each file is one record. */
  exact: boolean;
  /** Bytes. */
  size: number;
}

export const listingPath = (scratch: string, digest: string): string =>
  join(scratch, `listing-${digest}`);

export async function writeListing(
  entries: AsyncIterable<FolderEntry>,
  options: PlanOptions,
): Promise<Listing> {
  await mkdir(options.scratch, { recursive: true, mode: 0o700 });
  const temporary = temporaryName(join(options.scratch, 'listing'));
  const file = await open(temporary, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let size = 0;
    let exact = true;
    let pending: Buffer[] = [];
    let held = 0;
    const flush = async (): Promise<void> => {
      await file.write(Buffer.concat(pending));
      pending = [];
      held = 0;
    };
    async function* positions(): AsyncGenerator<TextPosition & { records: number }> {
      let line = 1;
      for await (const entry of entries) {
        const bytes = Buffer.from(`${JSON.stringify(toLine(entry))}\n`);
        hash.update(bytes);
        pending.push(bytes);
        held += bytes.length;
        if (held >= writtenAtOnce) await flush();
        exact &&= entry.kind !== 'mbox';
        yield { at: size, line, records: estimate(entry) };
        size += bytes.length;
        line += 1;
      }
    }
    const borders = await countBorders(positions(), 0, options);
    await flush();
    await file.sync();
    await file.close();
    const digest = hash.digest('hex').slice(0, 32);
    await commitFile(temporary, listingPath(options.scratch, digest));
    return { digest, borders, exact, size };
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

export interface ListedEntry extends FolderEntry {
  position: TextPosition;
  next: TextPosition;
}

/** @param to Byte offset; default: the end */
export async function* readListing(
  path: string,
  from: TextPosition = { at: 0, line: 1 },
  to = Number.MAX_SAFE_INTEGER,
  signal?: AbortSignal,
): AsyncGenerator<ListedEntry> {
  const file = await open(path, 'r');
  try {
    let line = from.line;
    const options = { limit: 64 * 1024, chunkBytes: writtenAtOnce, signal };
    for await (const found of readLines(file, from.at, to, options)) {
      const position = { at: found.at, line };
      if (line !== null) line += 1;
      yield { ...fromLine(found.bytes), position, next: { at: found.next, line } };
    }
  } finally {
    await file.close();
  }
}

const toLine = ({ path, kind, size, mtime, ino }: FolderEntry) => [path, kind, size, mtime, ino];

function fromLine(bytes: Buffer): FolderEntry {
  const [path, kind, size, mtime, ino] = lineSchema.parse(JSON.parse(bytes.toString('utf8')));
  return { path, kind, size, mtime, ino };
}

const estimate = ({ kind, size }: FolderEntry): number =>
  kind === 'mbox' ? Math.max(1, Math.round(size / usualMailBytes)) : 1;
