import type { BackfillRequest, EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import type { CollectionSpec, VectorStore } from '../stores/vectorStore.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import type { PresentCollections } from './collectionChoice.ts';
import { modelPathOf } from './resolveEmbedding.ts';
import { splitterOptions } from './splitterOptions.ts';

export interface WantedCollection {
  jobId: string;
  request: BackfillRequest;
  embedding: EmbeddingSpec;
  artifact: string | null;
  createdAt: string;
}

/** The collection that a job would make. */
export async function wantedCollection(
  deps: Pick<BackfillDeps, 'warmModel' | 'splitter'>,
  { jobId, request, embedding, artifact, createdAt }: WantedCollection,
): Promise<CollectionSpec> {
  const options = splitterOptions(request, embedding, await modelPathOf(deps, artifact));
  const { version } = await deps.splitter(options);
  const { maxTokens, overlapTokens } = options;
  return {
    collection: request.collection,
    ...{ embedding, artifact, jobId, createdAt },
    embedder: request.embedder,
    splitter: { maxTokens, overlapTokens, version },
    layout: request.layout,
  };
}

export async function presentCollections(
  store: VectorStore,
  collection: string,
): Promise<PresentCollections> {
  const current = await store.resolveAlias(collection);
  return { current, versions: await store.listCollections(collection) };
}
