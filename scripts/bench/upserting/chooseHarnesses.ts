import { parseStoreRefs } from '../../../workers/client/backfill/storeRef.ts';
import {
  formatStoreRef,
  type StoreKind,
  type StoreRef,
} from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { chroma } from './chroma.ts';
import type { UpsertHarness } from './harness.ts';
import { lancedb } from './lancedb.ts';

/** Need no server, or start their own. */
const ownHarnesses: readonly UpsertHarness[] = [chroma, lancedb];

type HarnessAt = (url: string) => UpsertHarness;

/** Stores whose server a person runs, by its address; loaded when asked for, as clients are large. */
const served: Partial<Record<StoreKind, () => Promise<HarnessAt>>> = {
  pgvector: async () => (await import('./pgvector.ts')).pgvectorAt,
  qdrant: async () => (await import('./qdrant.ts')).qdrantAt,
  weaviate: async () => (await import('./weaviate.ts')).weaviateAt,
};

/**
 * @param servers as `berth` takes a store, such as `qdrant=http://127.0.0.1:6333`
 * @param store only the one of that name, in any case
 * @throws BerthError InvalidRequest for what is no server of these, and for a name that none has
 */
export async function chooseHarnesses(
  servers: readonly string[],
  store?: string,
): Promise<UpsertHarness[]> {
  const refs = servers.length === 0 ? [] : parseStoreRefs(servers);
  const added = await Promise.all(refs.map(harnessOf));
  const all = [...ownHarnesses, ...added];
  const isWanted = ({ name }: UpsertHarness) => name.toLowerCase() === store?.toLowerCase();
  const wanted = store === undefined ? all : all.filter(isWanted);
  if (wanted.length > 0) return wanted;
  const names = all.map(({ name }) => name).join(', ');
  throw berthError(
    'InvalidRequest',
    `store ${store}: expected one of ${names}; add a store that has a server by --server, such as qdrant=http://127.0.0.1:6333`,
  );
}

async function harnessOf(ref: StoreRef): Promise<UpsertHarness> {
  const load = served[ref.kind];
  if (load !== undefined && ref.url !== null) return (await load())(ref.url);
  throw berthError(
    'InvalidRequest',
    `server ${formatStoreRef(ref)}: expected one of ${Object.keys(served).join(', ')} with its address; the others need none here`,
  );
}
