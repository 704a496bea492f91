import type { WarmInput, WarmResult } from '../../workflows/contracts/activities.ts';
import type { BackfillRequest, EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { BerthError, berthError } from '../../workflows/contracts/errors.ts';
import { describeEndpoint } from '../embeddings/describeEndpoint.ts';
import { describeModel } from '../embeddings/describeModel.ts';

export interface ResolvedEmbedding {
  embedding: EmbeddingSpec;
  /** `name@sha256:…`; null with an endpoint. */
  artifact: string | null;
  /** The warm copy; null with an endpoint. */
  modelPath: string | null;
}

export interface ResolveEmbeddingDeps {
  warmModel(input: WarmInput): Promise<WarmResult>;
  env: NodeJS.ProcessEnv;
}

/**
 * Who embeds, and how: a model's files are read in its warm copy, an endpoint is asked once.
 * @throws BerthError ArtifactNotFound, ArtifactCorrupt, KeyUnavailable, InvalidModel, UnsupportedModel,
 *   DimensionMismatch, EmbedderFailed, CredentialsRefused
 */
export async function resolveEmbedding(
  { warmModel, env }: ResolveEmbeddingDeps,
  { embedder, pooling, normalize, dimensions, splitter }: BackfillRequest,
): Promise<ResolvedEmbedding> {
  const overrides = { pooling, normalize, dimensions };
  if (embedder.kind === 'endpoint') {
    const embedding = await describeEndpoint(embedder, overrides, env);
    // Nobody can ask an endpoint what it takes, so who says more knows it.
    const maxTokens = Math.max(embedding.maxTokens, splitter.maxTokens ?? 0);
    return { embedding: { ...embedding, maxTokens }, artifact: null, modelPath: null };
  }
  const warm = await warmModel({ ref: embedder.ref, pin: false, lock: false });
  const { artifact, contentDigest, path } = warm;
  const { embedding } = await describeModel(path, overrides).catch((error: unknown) => {
    if (!(error instanceof BerthError)) throw error;
    // People know the model by its name, not by where its warm copy is.
    throw berthError(error.type, error.message.replaceAll(path, embedder.ref));
  });
  return { embedding: { contentDigest, ...embedding }, artifact, modelPath: path };
}

/** The warm copy of a job's model; null with an endpoint. Evicted meanwhile: it is opened again. */
export async function modelPathOf(
  { warmModel }: Pick<ResolveEmbeddingDeps, 'warmModel'>,
  artifact: string | null,
): Promise<string | null> {
  if (artifact === null) return null;
  return (await warmModel({ ref: artifact, pin: false, lock: false })).path;
}
