import { mkdirSync } from 'node:fs';
import { open } from 'lmdb';
import { lmdbFailure, requireLmdbSpace } from '../../../platform/lmdbSpace.ts';

/**
 * Points of which it is not known how far their writing came, because it has not ended, or never will:
 * its process or the server was killed.
 */
export interface Doubts {
  among(physical: string, ids: readonly string[]): string[];
  add(physical: string, ids: readonly string[]): Promise<void>;
  remove(physical: string, ids: readonly string[]): Promise<void>;
  /** All of a collection that is no more. */
  forget(physical: string): Promise<void>;
  close(): Promise<void>;
}

/** Forgotten when the process ends. */
export function createDoubts(): Doubts {
  const doubtful = new Map<string, Set<string>>();
  return {
    among: (physical, ids) => ids.filter((id) => doubtful.get(physical)?.has(id)),
    async add(physical, ids) {
      const known = doubtful.get(physical) ?? new Set();
      doubtful.set(physical, known);
      for (const id of ids) known.add(id);
    },
    async remove(physical, ids) {
      for (const id of ids) doubtful.get(physical)?.delete(id);
    },
    async forget(physical) {
      doubtful.delete(physical);
    },
    close: async () => {},
  };
}

/**
 * Kept in a folder that all processes of a host share: they outlive kill -9 of the process, which the
 * one that takes its work over learns from.
 * @param server tells servers apart
 * @throws BerthError OutOfSpace
 */
export function openDoubts(folder: string, server: string): Doubts {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireLmdbSpace(folder);
  // Without noSubdir lmdb takes a path with a dot in its last part for a file.
  const table = open<true, string[]>({ path: folder, noSubdir: false });
  const change = async (work: () => void): Promise<void> => {
    try {
      await table.transaction(work);
    } catch (error) {
      throw lmdbFailure(error, folder);
    }
  };
  const keyOf = (physical: string, id: string) => [server, physical, id];
  return {
    among: (physical, ids) => ids.filter((id) => table.doesExist(keyOf(physical, id))),
    add: (physical, ids) =>
      change(() => {
        for (const id of ids) table.put(keyOf(physical, id), true);
      }),
    remove: (physical, ids) =>
      change(() => {
        for (const id of ids) table.remove(keyOf(physical, id));
      }),
    forget: (physical) =>
      change(() => {
        // Ids are hexadecimal.
        const range = { start: keyOf(physical, ''), end: keyOf(physical, '~') };
        for (const key of [...table.getKeys(range)]) table.remove(key);
      }),
    close: () => table.close(),
  };
}
