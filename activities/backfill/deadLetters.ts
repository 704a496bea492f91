import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failureKinds } from '../../workflows/contracts/backfill/pages.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { writeFileAtomic } from '../platform/atomicFile.ts';
import type { Paths } from '../platform/paths.ts';
import type { RecordFailure } from '../sources/recordSource.ts';
import { failureKey } from './failureKey.ts';
import { formatPage, type PageKey } from './pageName.ts';

/** A record that a job could not bring into a store, one line of dead-letters.jsonl. */
export interface DeadLetter extends RecordFailure {
  step: 'embed' | 'write';
  /** As formatStoreRef names it; null: no store got to see the record. */
  store: string | null;
}

const letterSchema: z.ZodType<DeadLetter> = z.strictObject({
  id: z.string().nullable(),
  kind: z.enum(failureKinds),
  reason: z.string(),
  place: z.string(),
  excerpt: z.string(),
  step: z.enum(['embed', 'write']),
  store: z.string().nullable(),
});

/**
 * Keeps the failures of one page and step, in place of what an earlier attempt kept.
 * @param store null: of the embedding step
 * @throws BerthError OutOfSpace
 */
export async function writeDeadLetters(
  paths: Paths,
  jobId: string,
  page: PageKey,
  store: string | null,
  failures: readonly RecordFailure[],
): Promise<void> {
  const step = store === null ? 'embed' : 'write';
  const suffix = store === null ? 'embed' : storeSlug(store);
  const path = join(paths.backfill(jobId).failures, `${formatPage(page)}-${suffix}.jsonl`);
  if (failures.length === 0) return rm(path, { force: true });
  await writeFileAtomic(
    path,
    failures.map((failure) => toLine({ ...failure, step, store })).join(''),
  );
}

/**
 * Gathers the pages' failures into one file, each record of a place once a step and store. May be
 * repeated, also after some of the pages' files are gone.
 * @returns number of records that failed, wherever and however often
 */
export async function gatherDeadLetters(paths: Paths, jobId: string): Promise<number> {
  const { failures, deadLetters } = paths.backfill(jobId);
  const names = (await namesIn(failures)).filter((name) => /^\d.*\.jsonl$/.test(name));
  names.sort(new Intl.Collator('en', { numeric: true }).compare);
  const letters = new Map<string, DeadLetter>();
  for (const path of [deadLetters, ...names.map((name) => join(failures, name))]) {
    for (const letter of await readDeadLetters(path)) {
      const { step, store, id, place, kind } = letter;
      letters.set(JSON.stringify([step, store, id, place, kind]), letter);
    }
  }
  if (letters.size > 0)
    await writeFileAtomic(deadLetters, [...letters.values()].map(toLine).join(''));
  return new Set([...letters.values()].map(failureKey)).size;
}

/** @returns none when there is no such file. @throws BerthError ArtifactCorrupt naming file and line */
export async function readDeadLetters(path: string): Promise<DeadLetter[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => parseLine(line, `${path}:${index + 1}`));
}

function parseLine(line: string, where: string): DeadLetter {
  try {
    return letterSchema.parse(JSON.parse(line));
  } catch {
    throw berthError(
      'ArtifactCorrupt',
      `${where}: no dead letter; the file was altered or damaged, run the backfill again`,
    );
  }
}

function toLine(letter: DeadLetter): string {
  return `${JSON.stringify(letter)}\n`;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** A store's name as a file name: its kind, and a hash for its address. */
function storeSlug(store: string): string {
  const hash = createHash('sha256').update(store, 'utf8').digest('hex').slice(0, 16);
  return `${store.split('=')[0]}-${hash}`;
}
