import type { Schemas } from '@qdrant/js-client-rest';
import { filterClauses } from '../../shared/filters.ts';
import { fusionDepth } from '../../shared/fusion.ts';
import type { CollectionSpec, StoreHit, StoreQuery } from '../../vectorStore.ts';
import { qdrantFilter } from './filter.ts';
import { vectorNames } from './layout.ts';
import { fromQdrantPoint } from './points.ts';
import { sparseQuery } from './sparseText.ts';

/** @throws BerthError InvalidRequest, StoreUnsupported (filters.ts, filter.ts) */
export function qdrantQuery(
  where: string,
  query: StoreQuery,
  { layout }: CollectionSpec,
): Schemas['QueryRequest'] {
  const clauses = filterClauses(query.filter, { field: layout.tenantField, value: query.tenant });
  const filter = qdrantFilter(where, clauses);
  const restricted = filter === undefined ? {} : { filter };
  const params = searchParams(layout.quantization, query.exact ?? false);
  const dense = { query: Array.from(query.vector), using: vectorNames.dense, params };
  const words = query.hybrid && query.text !== undefined ? sparseQuery(query.text) : undefined;
  const shown = { limit: query.limit, with_payload: true };
  // Text without a single word can be searched by its vector only.
  if (words === undefined) return { ...dense, ...restricted, ...shown };
  const limit = fusionDepth(query.limit);
  return {
    prefetch: [
      { ...dense, ...restricted, limit },
      { query: words, using: vectorNames.text, ...restricted, limit },
    ],
    query: { fusion: 'rrf' },
    ...shown,
  };
}

/** Quantized vectors choose the candidates, the full ones rank them; `exact` leaves them out. */
function searchParams(
  kind: CollectionSpec['layout']['quantization'],
  exact: boolean,
): Schemas['SearchParams'] {
  if (exact) return { exact: true, quantization: { ignore: true } };
  if (kind === 'scalar') return { quantization: { rescore: true, oversampling: 2 } };
  return kind === 'binary' ? { quantization: { rescore: true, oversampling: 4 } } : {};
}

export const fromScoredPoint = (point: Schemas['ScoredPoint']): StoreHit => ({
  point: fromQdrantPoint(point),
  score: point.score,
});
