/** Ranks beyond the limit that are asked of each list, so that fusion can lift them. */
export const fusionDepth = (limit: number): number => Math.max(limit * 4, 40);

/**
 * Reciprocal rank fusion: sum over the lists of 1 / (k + rank), rank from 1 (Cormack, Clarke,
 * Büttcher: "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
 * SIGIR 2009, with its k of 60). Equal scores keep the order of the first list that names them.
 * @param lists ids, best first
 * @returns best first
 */
export function fuseRanks(
  lists: readonly (readonly string[])[],
  k = 60,
): { id: string; score: number }[] {
  const scores = new Map<string, number>();
  for (const list of lists) {
    for (const [index, id] of list.entries()) {
      scores.set(id, (scores.get(id) ?? 0) + 1 / (k + index + 1));
    }
  }
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score);
}
