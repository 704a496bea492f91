import { dot, norm } from './vectorMath.ts';

export interface Neighbour {
  id: string;
  similarity: number;
}

/** A vector to search for; `tenant` undefined: among all. */
export interface RecallQuery {
  /** Of the point whose vector it is, which is left out of its own neighbours. */
  id: string;
  vector: Float32Array;
  tenant: string | undefined;
}

/** Ties beyond the tenth are kept, so that a store may answer with any of them. */
export const neighboursKept = 50;

/** Exact nearest neighbours of some queries by brute force, over vectors that are seen once. */
export function createNearest(queries: readonly RecallQuery[]) {
  const scaled = queries.map(({ vector }) => {
    const length = norm(vector) || 1;
    return vector.map((value) => value / length);
  });
  /** Unordered until it is full; then its last is the worst. */
  const kept: Neighbour[][] = queries.map(() => []);

  const keep = (best: Neighbour[], neighbour: Neighbour): void => {
    const worst = best.at(-1);
    const full = best.length >= neighboursKept;
    if (full && worst !== undefined && neighbour.similarity <= worst.similarity) return;
    let place = best.length;
    while (place > 0 && (best[place - 1] as Neighbour).similarity < neighbour.similarity) {
      place -= 1;
    }
    best.splice(place, 0, neighbour);
    if (best.length > neighboursKept) best.pop();
  };

  return {
    add(id: string, vector: Float32Array, tenant: string | undefined): void {
      const length = norm(vector) || 1;
      for (const [index, query] of queries.entries()) {
        if (query.id === id) continue;
        if (query.tenant !== undefined && query.tenant !== tenant) continue;
        const similarity = dot(scaled[index] as Float32Array, vector) / length;
        keep(kept[index] as Neighbour[], { id, similarity });
      }
    },
    /** One list a query, best first. */
    best: (): readonly (readonly Neighbour[])[] => kept,
  };
}
