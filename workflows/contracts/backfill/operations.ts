import type { CollectionInfo, SearchInput, SearchResult } from './activities.ts';
import type { StoreRef } from './request.ts';

/** Short workflows of one step or two, on one host. */
export interface SearchCollectionInput {
  hostId: string;
  search: SearchInput;
}

export interface ListCollectionsInput {
  hostId: string;
  /** null: those of the host itself, its stack's Chroma and its LanceDB folder. */
  stores: StoreRef[] | null;
}

export interface RollbackCollectionInput {
  hostId: string;
  store: StoreRef;
  collection: string;
}

export interface RollbackResult {
  collection: string;
  store: string;
  /** Physical collections: what the alias named, and what it names now. */
  from: string;
  to: string;
}

/** Names and shapes of workflows, here so that clients need no workflow code. */
export interface BackfillOperations {
  searchCollectionWorkflow: { input: SearchCollectionInput; result: SearchResult };
  listCollectionsWorkflow: { input: ListCollectionsInput; result: CollectionInfo[] };
  /** @throws CollectionNotFound when there is no version before the current one */
  rollbackCollectionWorkflow: { input: RollbackCollectionInput; result: RollbackResult };
}
