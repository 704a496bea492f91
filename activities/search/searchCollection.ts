import type { SearchInput, SearchResult } from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Stores } from '../stores/stores.ts';
import type { StoredCollection } from '../stores/vectorStore.ts';
import type { EmbedQueryTexts } from './embedQuery.ts';
import { toHits } from './toHits.ts';

export interface SearchDeps {
  stores: Stores;
  embed: EmbedQueryTexts;
}

/** Times that a collection may be dropped between the look at its alias and the search. */
const attempts = 3;

/**
 * Resolves the alias once and stays with what it found, so that the query's vector and the points
 * are of one model also while the alias is switched.
 * @throws BerthError CollectionNotFound, InvalidRequest (tenant), StoreUnsupported, StoreUnavailable,
 *   and as `createEmbedQuery`
 */
export async function searchCollection(
  { stores, embed }: SearchDeps,
  input: SearchInput,
  signal?: AbortSignal,
): Promise<SearchResult> {
  const startedAt = performance.now();
  const store = await stores.use(input.store);
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    const found = await store.resolveAlias(input.collection);
    if (found === undefined) {
      throw berthError(
        'CollectionNotFound',
        `${formatStoreRef(input.store)}: no collection ${input.collection} is live; berth collections lists what there is`,
      );
    }
    requireTenant(input, found);
    requireFullText(input, found);
    const [vector] = await embed(found.spec, [input.query], signal);
    try {
      const hits = await store.search(found.physical, {
        vector: vector!,
        limit: input.top,
        text: input.query,
        hybrid: input.hybrid,
        ...(input.filter === null ? {} : { filter: input.filter }),
        ...(input.tenant === null ? {} : { tenant: input.tenant }),
      });
      return {
        collection: input.collection,
        physical: found.physical,
        contentDigest: found.spec.embedding.contentDigest,
        hits: toHits(hits),
        seconds: (performance.now() - startedAt) / 1000,
      };
    } catch (error) {
      // Switched away from and dropped meanwhile: the alias names another one by now.
      if (!isGone(error) || attempt >= attempts) throw error;
    }
  }
}

function requireTenant({ tenant, collection }: SearchInput, { spec }: StoredCollection): void {
  const { tenantField } = spec.layout;
  if (tenant === null && tenantField !== null) {
    throw berthError(
      'InvalidRequest',
      `${collection}: keeps tenants apart by ${tenantField}; say which one with --tenant`,
    );
  }
  if (tenant !== null && tenantField === null) {
    throw berthError('InvalidRequest', `${collection}: has no tenants; leave --tenant`);
  }
}

/** Said before the query is embedded, which may take a model's loading. */
function requireFullText({ hybrid, collection }: SearchInput, { spec }: StoredCollection): void {
  if (hybrid && !spec.layout.fullText) {
    throw berthError(
      'StoreUnsupported',
      `${collection}: has no full-text index for --hybrid; leave it, or fill the collection anew with --full-text`,
    );
  }
}

const isGone = (error: unknown): boolean =>
  (error as { type?: unknown } | null)?.type === 'CollectionNotFound';
