import type { CollectionInfo, CollectionVersion } from '../../contracts/backfill/activities.ts';

/** The highest version below the current one that is there; undefined: there is none. */
export function previousVersion({
  collection,
  current,
  versions,
}: CollectionInfo): CollectionVersion | undefined {
  const number = (physical: string): number => {
    const prefix = `${collection}-v`;
    return physical.startsWith(prefix) ? Number(physical.slice(prefix.length)) : Number.NaN;
  };
  if (current === null) return undefined;
  return versions
    .filter(({ physical }) => number(physical) < number(current))
    .sort((a, b) => number(b.physical) - number(a.physical))[0];
}
