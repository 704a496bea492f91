import type { Statement } from './format.ts';
import type { TreeFile } from './resources.ts';

/** A file to check against a bundle; `bytes` and `hashRange` are needed for method `shards` only. */
export interface CheckedFile extends TreeFile {
  bytes?: number;
}

export interface FileFailure {
  file: string;
  reason: string;
}

/** SHA-256 (hex) of bytes [start, end) of a file of the tree. */
export type HashRange = (path: string, start: number, end: number) => Promise<string>;

/**
 * Compares a tree with what a verified statement lists. A file that the statement does not list is
 * a failure even where `ignore_paths` names it: what we read must be signed.
 */
export async function compareTree(
  statement: Statement,
  files: readonly CheckedFile[],
  hashRange?: HashRange,
): Promise<FileFailure[]> {
  return statement.predicate.serialization.method === 'files'
    ? compareFiles(statement, files)
    : compareShards(statement, files, hashRange);
}

/** Paths that the statement lists; of shards, the files that they belong to. */
export function listedPaths(statement: Statement): Set<string> {
  const { serialization, resources } = statement.predicate;
  return new Set(
    resources.map(({ name }) =>
      serialization.method === 'files' ? name : (parseShard(name)?.path ?? name),
    ),
  );
}

function compareFiles(statement: Statement, files: readonly CheckedFile[]): FileFailure[] {
  const digests = new Map(
    statement.predicate.resources.map(({ name, digest }) => [name, digest] as const),
  );
  return files.flatMap(({ path, sha256 }) => {
    const expected = digests.get(path);
    if (expected === sha256) return [];
    return [{ file: path, reason: expected === undefined ? notListed : differs(expected, sha256) }];
  });
}

async function compareShards(
  statement: Statement,
  files: readonly CheckedFile[],
  hashRange: HashRange | undefined,
): Promise<FileFailure[]> {
  const failures: FileFailure[] = [];
  for (const file of files) {
    const shards = statement.predicate.resources
      .flatMap(({ name, digest }) => {
        const shard = parseShard(name);
        return shard?.path === file.path ? [{ ...shard, digest }] : [];
      })
      .sort((a, b) => a.start - b.start);
    const reason = await shardFailure(file, shards, hashRange);
    if (reason !== undefined) failures.push({ file: file.path, reason });
  }
  return failures;
}

interface Shard {
  path: string;
  start: number;
  end: number;
}

async function shardFailure(
  file: CheckedFile,
  shards: readonly (Shard & { digest: string })[],
  hashRange: HashRange | undefined,
): Promise<string | undefined> {
  if (file.bytes === undefined || hashRange === undefined) {
    return 'the signature is over shards, which cannot be checked here';
  }
  // The library lists no shard for an empty file.
  if (file.bytes === 0) return undefined;
  if (shards.length === 0) return notListed;
  let end = 0;
  for (const shard of shards) {
    if (shard.start !== end) return `signed shards leave a gap or overlap at byte ${end}`;
    end = shard.end;
  }
  if (end !== file.bytes) return `has ${file.bytes} bytes, the signature covers ${end}`;
  for (const shard of shards) {
    const actual = await hashRange(file.path, shard.start, shard.end);
    if (actual !== shard.digest) {
      return `bytes ${shard.start} to ${shard.end}: ${differs(shard.digest, actual)}`;
    }
  }
  return undefined;
}

function parseShard(name: string): Shard | undefined {
  const match = /^([^:]+):(\d+):(\d+)$/.exec(name);
  if (match === null) return undefined;
  const [, path = '', start, end] = match;
  return { path, start: Number(start), end: Number(end) };
}

const notListed = 'is not listed in the signature';

function differs(expected: string, actual: string): string {
  return `SHA-256 ${actual}, but ${expected} was signed`;
}
