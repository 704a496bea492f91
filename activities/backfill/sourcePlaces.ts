import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { formatStoreRef, type StoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { SourceSpec } from '../../workflows/contracts/backfill/source.ts';
import { readJson, writeJsonAtomic } from '../platform/atomicFile.ts';
import type { Paths } from '../platform/paths.ts';

/** Where the records of each source's name in one collection came from, as far as this host knows. */
export interface SourcePlaces {
  /** Places of that name other than this one. */
  others(source: SourceSpec): Promise<string[]>;
  add(source: SourceSpec): Promise<void>;
  /** Nothing of another place is left under that name. */
  setOnly(source: SourceSpec): Promise<void>;
  /** A collection that was just made holds nothing. */
  clear(): Promise<void>;
}

const schema = z.record(z.string(), z.array(z.string()));
/** Of one name: that there is another one is what matters. */
const mostPlaces = 8;

/** Kept in a file a collection, which only its one job writes. */
export function createSourcePlaces(
  paths: Pick<Paths, 'sourcePlaces'>,
  store: StoreRef,
  physical: string,
): SourcePlaces {
  const hash = createHash('sha256').update(`${formatStoreRef(store)}\0${physical}`, 'utf8');
  const path = join(paths.sourcePlaces, `${hash.digest('hex').slice(0, 32)}.json`);
  // A damaged file is only missing knowledge, and written anew.
  const all = async () =>
    new Map(Object.entries((await readJson(path, schema).catch(() => undefined)) ?? {}));
  const write = (places: Map<string, string[]>) =>
    writeJsonAtomic(path, Object.fromEntries(places));
  const others = async (source: SourceSpec) =>
    ((await all()).get(source.name) ?? []).filter((place) => place !== placeOfSource(source));
  return {
    others,
    async add(source) {
      const places = [...(await others(source)), placeOfSource(source)].slice(-mostPlaces);
      await write((await all()).set(source.name, places));
    },
    async setOnly(source) {
      await write((await all()).set(source.name, [placeOfSource(source)]));
    },
    clear: () => write(new Map()),
  };
}

const placeOfSource = ({ location, query }: SourceSpec): string =>
  query === undefined ? location : `${location} (${query})`;
