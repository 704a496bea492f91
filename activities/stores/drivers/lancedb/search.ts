import { rerankers, type Table } from '@lancedb/lancedb';
import type { CollectionLayout } from '../../../../workflows/contracts/backfill/request.ts';
import { fusionDepth } from '../../shared/fusion.ts';
import type { StoreHit, StoreQuery } from '../../vectorStore.ts';
import { fromRow, pointColumns, type Row } from './rows.ts';

/** Clusters of the vectors' index that a query looks into. */
const nprobes = 64;
/** Candidates for each hit whose exact distance is computed where vectors are quantized. */
const refineFactors = { none: 1, half: 1, scalar: 8, binary: 32 };

/** @param where predicate over the metadata's columns (where.ts) */
export async function searchTable(
  table: Table,
  query: StoreQuery,
  where: string | undefined,
  quantization: CollectionLayout['quantization'],
): Promise<StoreHit[]> {
  let vectors = table.query().nearestTo(query.vector).distanceType('cosine').nprobes(nprobes);
  if (where !== undefined) vectors = vectors.where(where);
  if (query.exact) vectors = vectors.bypassVectorIndex();
  else if (quantization !== 'none') vectors = vectors.refineFactor(refineFactors[quantization]);
  if (!query.hybrid) {
    const rows: Row[] = await vectors
      .select([...pointColumns, '_distance'])
      .limit(query.limit)
      .toArray();
    return rows.map((row) => ({ point: fromRow(row), score: 1 - Number(row._distance) }));
  }
  const fused = vectors
    .fullTextSearch(query.text as string, { columns: ['berth_text'] })
    .rerank(await rerankers.RRFReranker.create(60))
    .limit(fusionDepth(query.limit));
  const rows: Row[] = await fused.toArray();
  return rows.slice(0, query.limit).map((row) => ({
    point: { ...fromRow(row), vector: null },
    score: Number(row._relevance_score),
  }));
}
