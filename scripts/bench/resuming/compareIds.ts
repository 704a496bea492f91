import { join } from 'node:path';
import { pointId } from '../../../activities/backfill/pointIds.ts';
import { openStore } from '../../../activities/stores/openStore.ts';
import { requireStack } from '../../../workers/supervisor/stack.ts';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import type { Corpus } from '../backfilling/corpus.ts';
import type { OwnStack } from '../ingesting/ownStack.ts';

/** The ids of the source's records against those of a store's points. */
export interface Difference {
  store: string;
  lost: number;
  /** Points beyond one a record, or of no record. */
  surplus: number;
}

/** Reads the collection to which the alias leads, record for record. */
export async function compareIds(
  { home, paths }: OwnStack,
  kind: 'chroma' | 'lancedb',
  { name, records }: Corpus,
  result: BackfillResult,
): Promise<Difference> {
  const { chroma } = await requireStack(paths);
  const url = kind === 'chroma' ? (chroma?.url ?? null) : join(home, 'stores', 'lancedb');
  const deps = { env: process.env, stackUrl: async () => null, home };
  const store = await openStore({ kind, url }, deps);
  try {
    const current = await store.resolveAlias(result.collection);
    const expected = new Set(records.map(({ id }) => pointId(name, id, 0)));
    const found: string[] = [];
    if (current !== undefined) {
      for await (const points of store.scan(current.physical, { vectors: false })) {
        found.push(...points.map(({ id }) => id));
      }
    }
    const hits = new Set(found.filter((id) => expected.has(id))).size;
    return { store: kind, lost: expected.size - hits, surplus: found.length - hits };
  } finally {
    await store.close();
  }
}
