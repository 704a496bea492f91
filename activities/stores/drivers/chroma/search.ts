import type { Collection, Where } from 'chromadb';
import { fuseRanks, fusionDepth } from '../../shared/fusion.ts';
import type { StoreHit, StoreQuery } from '../../vectorStore.ts';
import { fromFields } from './fields.ts';

type Ask = <T>(request: Promise<T>) => Promise<T>;

/** Points looked at for a word: of a word that is in more of them, any of these. */
const perWord = 200;
const mostWords = 12;

const include = ['metadatas', 'documents'] as const;

export async function searchVectors(
  ask: Ask,
  handle: Collection,
  query: StoreQuery,
  where: Where | undefined,
): Promise<StoreHit[]> {
  const found = await ask(
    handle.query({
      queryEmbeddings: [Array.from(query.vector)],
      nResults: query.limit,
      include: [...include, 'distances'],
      ...(where && { where }),
    }),
  );
  const ids = found.ids[0] ?? [];
  return ids.map((id, at) => ({
    point: fromFields(id, found.metadatas[0]?.[at] ?? {}, found.documents[0]?.[at] ?? '', null),
    score: 1 - (found.distances[0]?.[at] ?? Number.NaN),
  }));
}

/** Words of a query, longest first: short ones are in everything. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words)].sort((a, b) => b.length - a.length).slice(0, mostWords);
}

/**
 * Points with the query's words, best first. A local Chroma has no ranked full text: each word is
 * looked up by itself, and a word counts the more the fewer points it is in (as by inverse document
 * frequency; of a word in more than `perWord` points some are seen, and it counts little).
 */
async function searchWords(
  ask: Ask,
  handle: Collection,
  query: StoreQuery,
  where: Where | undefined,
): Promise<StoreHit[]> {
  const answers = await Promise.all(
    wordsOf(query.text ?? '').map((word) =>
      ask(
        handle.get({
          whereDocument: { $regex: `(?i)\\b${word}\\b` },
          limit: perWord,
          include: [...include],
          ...(where && { where }),
        }),
      ),
    ),
  );
  const hits = new Map<string, StoreHit>();
  for (const { ids, metadatas, documents } of answers) {
    const weight = 1 / Math.log(2 + ids.length);
    for (const [at, id] of ids.entries()) {
      const point = fromFields(id, metadatas[at] ?? {}, documents[at] ?? '', null);
      const hit = hits.get(id) ?? { point, score: 0 };
      hits.set(id, { ...hit, score: hit.score + weight });
    }
  }
  return [...hits.values()].sort((a, b) => b.score - a.score);
}

/** Vectors and words, by reciprocal rank fusion. */
export async function searchHybrid(
  ask: Ask,
  handle: Collection,
  query: StoreQuery,
  where: Where | undefined,
): Promise<StoreHit[]> {
  const depth = fusionDepth(query.limit);
  const [near, worded] = await Promise.all([
    searchVectors(ask, handle, { ...query, limit: depth }, where),
    searchWords(ask, handle, query, where),
  ]);
  const lists = [near, worded.slice(0, depth)];
  const points = new Map(lists.flat().map(({ point }) => [point.id, point]));
  return fuseRanks(lists.map((hits) => hits.map(({ point }) => point.id)))
    .slice(0, query.limit)
    .flatMap(({ id, score }) => {
      const point = points.get(id);
      return point === undefined ? [] : [{ point, score }];
    });
}
