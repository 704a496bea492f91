import { comparePaths, type FolderEntry } from './walkFolder.ts';

/** New and changed files, both sides being ordered by path; what is gone is left out. */
export async function* changedEntries(
  before: AsyncIterable<FolderEntry>,
  now: AsyncIterable<FolderEntry>,
): AsyncGenerator<FolderEntry> {
  const old = before[Symbol.asyncIterator]();
  try {
    let known = await old.next();
    for await (const entry of now) {
      while (!known.done && comparePaths(known.value.path, entry.path) < 0) {
        known = await old.next();
      }
      if (known.done || !same(known.value, entry)) yield entry;
    }
  } finally {
    await old.return?.();
  }
}

const same = (a: FolderEntry, b: FolderEntry): boolean =>
  a.path === b.path &&
  a.kind === b.kind &&
  a.size === b.size &&
  a.mtime === b.mtime &&
  a.ino === b.ino;
