import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import { readJson, writeJsonAtomic } from '../platform/atomicFile.ts';
import type { Paths } from '../platform/paths.ts';

/** A query, and the record that has to be among the first ten hits. */
export interface KnownItem {
  query: string;
  id: string;
}

export interface EmbeddedKnownItem extends KnownItem {
  vector: Float32Array;
}

/** More would make verifying longer than filling. */
const mostItems = 10_000;
const itemSchema = z.object({ query: z.string().trim().min(1), id: z.string().min(1) });
const embeddedSchema = z.array(itemSchema.extend({ vector: z.array(z.number()) }));

const fileOf = (paths: Paths, jobId: string): string => paths.backfill(jobId).knownItems;

/** @throws BerthError InvalidRequest naming the line that is no {query, id} */
export async function readKnownItems(file: string): Promise<KnownItem[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw berthError('InvalidRequest', `known items ${file}: cannot be read (${error.code})`);
  });
  const items = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = itemSchema.safeParse(parseJson(line));
    if (parsed.success) return [parsed.data];
    throw berthError(
      'InvalidRequest',
      `${file}:${index + 1}: expected a query and the id of its record, such as {"query":"…","id":"42"}`,
    );
  });
  if (items.length > 0 && items.length <= mostItems) return items;
  throw berthError(
    'InvalidRequest',
    `known items ${file}: ${items.length} queries; expected 1 to ${mostItems}`,
  );
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Keeps the vectors of the queries with the job until its stores are verified. */
export async function keepQueryVectors(
  paths: Paths,
  jobId: string,
  items: readonly EmbeddedKnownItem[],
): Promise<void> {
  const plain = items.map((item) => ({ ...item, vector: [...item.vector] }));
  await writeJsonAtomic(fileOf(paths, jobId), plain);
}

/** undefined: none were kept. */
export async function readQueryVectors(
  paths: Paths,
  jobId: string,
): Promise<EmbeddedKnownItem[] | undefined> {
  const kept = await readJson(fileOf(paths, jobId), embeddedSchema);
  return kept?.map((item) => ({ ...item, vector: Float32Array.from(item.vector) }));
}
