import { join } from 'node:path';
import type { StoreKind, StoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { OpenStore, VectorStore } from './vectorStore.ts';

export interface StoreDeps {
  /** Credentials are read from it: CHROMA_TOKEN, QDRANT_API_KEY, WEAVIATE_API_KEY, PGPASSWORD. */
  env: NodeJS.ProcessEnv;
  /** Address of the stack's own store of that kind; null: it runs none. */
  stackUrl(kind: StoreKind): Promise<string | null>;
  /** BERTH_HOME. */
  home: string;
}

/** One a file, loaded when it is asked for: a client that nobody uses costs no memory. */
const drivers: Record<StoreKind, () => Promise<OpenStore>> = {
  chroma: async () => (await import('./drivers/chromaStore.ts')).openChromaStore,
  lancedb: async () => (await import('./drivers/lancedbStore.ts')).openLancedbStore,
  qdrant: async () => (await import('./drivers/qdrantStore.ts')).openQdrantStore,
  weaviate: async () => (await import('./drivers/weaviateStore.ts')).openWeaviateStore,
  pgvector: async () => (await import('./drivers/pgvectorStore.ts')).openPgvectorStore,
  noop: async () => (await import('./drivers/noopStore.ts')).openNoopStore,
};

/** Where LanceDB lives when nobody says where. @param home BERTH_HOME */
export const ownLanceFolder = (home: string): string => join(home, 'stores', 'lancedb');

/**
 * Opens a store by its official client.
 * @throws BerthError InvalidRequest for an address that is none, holds a credential, or is missing;
 *   StoreUnavailable, CredentialsRefused
 */
export async function openStore(
  { kind, url }: StoreRef,
  { env, stackUrl, home }: StoreDeps,
): Promise<VectorStore> {
  const open = await drivers[kind]();
  const own = kind === 'lancedb' ? ownLanceFolder(home) : null;
  return open({
    url,
    stackUrl: url === null ? (own ?? (await stackUrl(kind))) : null,
    env,
    folder: join(home, 'stores', `${kind}-driver`),
  });
}
