import { existsSync } from 'node:fs';
import type { EmbedderRequest, EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { createBridgeEmbedder } from '../embeddings/bridgeEmbedder.ts';
import type { Embedded, Embedder } from '../embeddings/embedder.ts';
import type { Paths } from '../platform/paths.ts';
import type { QueryBridge } from './queryBridge.ts';

/** Whose vectors a query has to be comparable with. */
export interface QueryModel {
  embedding: EmbeddingSpec;
  artifact: string | null;
  embedder: EmbedderRequest;
}

export interface EmbedQueryDeps {
  paths: Paths;
  bridge: QueryBridge;
  endpoint(embedder: EmbedderRequest & { kind: 'endpoint' }, spec: EmbeddingSpec): Embedder;
}

/** Queries after which others have their turn: a search must not wait for a job's thousands. */
const atATime = 16;

export type EmbedQueryTexts = (
  model: QueryModel,
  texts: readonly string[],
  signal?: AbortSignal,
) => Promise<Float32Array[]>;

/**
 * Embeds queries as the chunks of a collection were embedded.
 * @returns a function that throws BerthError ScratchLost when the model is not warm on this host (its
 *   details name the artifact to warm), InvalidRequest for a text that the model refuses, and
 *   whatever the embedder throws; `signal.reason` when aborted, which ends a bridge that is at work
 */
export function createEmbedQuery({ paths, bridge, endpoint }: EmbedQueryDeps): EmbedQueryTexts {
  return async ({ embedding, artifact, embedder }, texts, signal) => {
    if (embedder.kind === 'endpoint') {
      return vectorsOf(await endpoint(embedder, embedding).embed(texts, { signal }));
    }
    const modelPath = paths.model(embedding.contentDigest);
    if (!existsSync(modelPath)) {
      throw berthError(
        'ScratchLost',
        `${modelPath}: ${artifact ?? embedder.ref} is not warm on this host; it has to be opened again`,
        { artifact },
      );
    }
    const embedded: Embedded[] = [];
    for (let at = 0; at < texts.length; at += atATime) {
      const some = texts.slice(at, at + atATime);
      const answers = await bridge.use((running) => {
        const spec = embedding;
        const scratch = paths.queries;
        const one = createBridgeEmbedder({ bridge: running, modelPath, spec, scratch });
        return one.embed(some, { signal });
      }, signal);
      embedded.push(...answers);
    }
    return vectorsOf(embedded);
  };
}

function vectorsOf(embedded: Embedded[]): Float32Array[] {
  return embedded.map(({ vector, failure }, index) => {
    if (vector !== undefined) return vector;
    throw berthError(
      'InvalidRequest',
      `query ${index + 1}: the model gives no vector for it (${failure.reason}); write it in another way`,
    );
  });
}
