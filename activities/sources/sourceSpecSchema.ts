import { basename, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import {
  type SourceKind,
  type SourceSpec,
  sourceKinds,
} from '../../workflows/contracts/backfill/source.ts';
import { berthError } from '../../workflows/contracts/errors.ts';

const column = z.string().min(1, 'expected the name of a column');
const columns = z.strictObject({
  id: column.optional(),
  text: z.array(column).min(1, 'expected at least one column'),
  metadata: z.array(column).nullable(),
});

/** A source as it is passed on. */
export const sourceSpecSchema: z.ZodType<SourceSpec> = z.strictObject({
  kind: z.enum(sourceKinds),
  location: z.string().min(1),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would part the parts of an id.
  name: z.string().regex(/^[^\x00-\x1f]{1,200}$/, 'expected 1 to 200 characters in one line'),
  nameIsDefault: z.literal(true).optional(),
  columns,
  query: z.string().min(1).optional(),
  changedColumn: column.optional(),
});

/** A source as a person names it: its place, and what differs from the defaults. */
export const sourceInputSchema = z.strictObject({
  kind: z.enum(sourceKinds).optional(),
  location: z.string().min(1, 'expected a path, a database address or synthetic:<records>'),
  name: z.string().optional(),
  columns: z
    .strictObject({
      id: column.optional(),
      text: z.union([column.transform((name) => [name]), z.array(column).min(1)]).optional(),
      metadata: z.array(column).nullable().optional(),
    })
    .optional(),
  query: z.string().min(1).optional(),
  changedColumn: column.optional(),
});
export type SourceInput = z.input<typeof sourceInputSchema>;

/**
 * Checks what a person gave and fills in the rest; nothing is opened.
 * @param input A location, or the fields of a source
 * @param cwd What a relative path is resolved against
 * @throws BerthError InvalidRequest naming the field; a password is refused, and never printed
 */
export function parseSourceSpec(input: string | SourceInput, cwd?: string): SourceSpec {
  const given = check(sourceInputSchema, typeof input === 'string' ? { location: input } : input);
  const kind = given.kind ?? sourceKindOf(given.location);
  if (kind === 'postgres') refusePassword(given.location);
  if (kind === 'synthetic' && !/^synthetic:\d{1,12}$/.test(given.location)) {
    throw invalid('location', `${given.location}: expected synthetic:<records>`);
  }
  if (kind === 'postgres' && given.query === undefined) {
    throw invalid('query', 'a database needs a table name or a SELECT');
  }
  for (const field of ['query', 'changedColumn'] as const) {
    if (kind !== 'postgres' && given[field] !== undefined) {
      throw invalid(field, `only a database has one, ${given.location} is ${kind}`);
    }
  }
  const location = isFile(kind) ? absolute(given.location, cwd) : given.location;
  return check(sourceSpecSchema, {
    kind,
    location,
    name: given.name ?? defaultName(kind, location, given.query),
    columns: {
      ...(given.columns?.id === undefined ? {} : { id: given.columns.id }),
      text: given.columns?.text ?? ['text'],
      metadata: given.columns?.metadata ?? null,
    },
    ...(given.query === undefined ? {} : { query: given.query }),
    ...(given.changedColumn === undefined ? {} : { changedColumn: given.changedColumn }),
  });
}

/** By scheme or ending; what has none of them is a folder. */
export function sourceKindOf(location: string): SourceKind {
  if (/^postgres(ql)?:\/\//i.test(location)) return 'postgres';
  if (location.startsWith('synthetic:')) return 'synthetic';
  if (/\.(jsonl|ndjson)(\.gz)?$/i.test(location)) return 'jsonl';
  if (/\.(csv|tsv)(\.gz)?$/i.test(location)) return 'csv';
  if (/\.parquet$/i.test(location)) return 'parquet';
  return 'folder';
}

const isFile = (kind: SourceKind): boolean => kind !== 'postgres' && kind !== 'synthetic';

function absolute(path: string, cwd: string | undefined): string {
  if (isAbsolute(path)) return resolve(path);
  if (cwd === undefined) throw invalid('location', `${path}: expected an absolute path`);
  return resolve(cwd, path);
}

/** @throws BerthError InvalidRequest without repeating the address. */
export function refusePassword(location: string): void {
  let url: URL;
  try {
    url = new URL(location);
  } catch {
    throw invalid('location', 'expected postgres://user@host:5432/database');
  }
  if (url.password !== '' || url.searchParams.has('password')) {
    throw invalid('location', 'the address holds a password; give it by PGPASSWORD or ~/.pgpass');
  }
}

function defaultName(kind: SourceKind, location: string, query: string | undefined): string {
  if (kind === 'synthetic') return 'synthetic';
  if (kind === 'folder') return basename(location);
  if (kind !== 'postgres') return basename(location).replace(/(?<=.)\.[a-z]+(\.gz)?$/i, '');
  const database = new URL(location).pathname.slice(1) || 'postgres';
  return /^[\w."]+$/.test(query ?? '') ? `${database}.${query}` : database;
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(issue?.path.join('.') || 'source', issue?.message ?? 'malformed');
}

const invalid = (field: string, message: string) =>
  berthError('InvalidRequest', `source: ${field}: ${message.replace(/\s+/g, ' ')}`);
