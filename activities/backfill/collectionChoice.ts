import { isDeepStrictEqual } from 'node:util';
import { physicalName } from '../../workflows/contracts/backfill/messages.ts';
import type { BackfillRequest } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { CollectionSpec, StoredCollection } from '../stores/vectorStore.ts';

export interface CollectionChoice {
  physical: string;
  inPlace: boolean;
  previous: string | null;
}

/** What a store has under a name. */
export interface PresentCollections {
  current: StoredCollection | undefined;
  versions: readonly StoredCollection[];
}

/**
 * Which collection a job fills: the live one when its vectors are comparable and laid out in the same
 * way, else a new version, which a repeated attempt of the same job finds again.
 * @throws BerthError InvalidRequest when a replay would need a new collection
 */
export function chooseCollection(
  { current, versions }: PresentCollections,
  { rebuild, replayOf, collection }: Pick<BackfillRequest, 'rebuild' | 'replayOf' | 'collection'>,
  wanted: CollectionSpec,
): CollectionChoice {
  const previous = current?.physical ?? null;
  const own = versions.find(({ spec }) => spec.jobId === wanted.jobId);
  if (own !== undefined) return { physical: own.physical, inPlace: false, previous };
  if (current !== undefined && !rebuild && holdsTheSame(current.spec, wanted)) {
    return { physical: current.physical, inPlace: true, previous };
  }
  if (replayOf !== null) {
    throw berthError(
      'InvalidRequest',
      `${collection}: has no live version of the replayed job's model, splitter and layout; run the whole backfill again`,
    );
  }
  const highest = Math.max(0, ...versions.map(({ physical }) => versionOf(collection, physical)));
  return { physical: physicalName(collection, highest + 1), inPlace: false, previous };
}

/** 0 for a name that is none of its versions'. */
export function versionOf(collection: string, physical: string): number {
  const prefix = `${collection}-v`;
  const version = physical.startsWith(prefix) ? Number(physical.slice(prefix.length)) : 0;
  return Number.isSafeInteger(version) ? version : 0;
}

function holdsTheSame(present: CollectionSpec, wanted: CollectionSpec): boolean {
  return isDeepStrictEqual(decisive(present), decisive(wanted));
}

/** Payload indexes are added to a live collection; everything else makes a new one. */
function decisive({ embedding, splitter, layout }: CollectionSpec) {
  const { contentDigest, pooling, normalize, dimensions } = embedding;
  const { maxTokens, overlapTokens, version } = splitter;
  const { quantization, fullText, tenantField } = layout;
  return {
    ...{ contentDigest, pooling, normalize, dimensions },
    ...{ maxTokens, overlapTokens, version },
    ...{ quantization, fullText, tenantField },
  };
}
