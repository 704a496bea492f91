import { createHash } from 'node:crypto';
import type { EmbedderRequest, EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { createAimdLimiter } from '../platform/aimdLimiter.ts';
import type { EmbeddingOverrides } from './describeModel.ts';
import { createEndpointClient, defaultRetries, type EndpointRetries } from './endpointClient.ts';
import { TextsRefused } from './endpointFailure.ts';

/** What every endpoint in use takes; `splitter.maxTokens` of a request may say otherwise. */
const maxTokens = 512;
const probe = 'A berth is the place at the quay that a ship holds.';

/**
 * How an endpoint embeds: asks it for one vector. Its model cannot be seen, hence contentDigest names
 * address, model and dimensions: who changes the model behind an address has to change its name.
 * @throws BerthError EmbedderFailed, CredentialsRefused, InvalidRequest, DimensionMismatch
 */
export async function describeEndpoint(
  { url, model }: Extract<EmbedderRequest, { kind: 'endpoint' }>,
  overrides: EmbeddingOverrides,
  env: NodeJS.ProcessEnv,
  retries: Partial<EndpointRetries> = {},
): Promise<EmbeddingSpec> {
  const client = createEndpointClient({
    url,
    model,
    env,
    limiter: createAimdLimiter({ min: 1, max: 1, start: 1 }),
    retries: { ...defaultRetries, ...retries },
  });
  const own = await lengthOf(client);
  const dimensions = overrides.dimensions ?? own;
  if (dimensions !== own) {
    const cut = dimensions < own ? await lengthOf(client, dimensions) : own;
    if (cut !== dimensions) {
      throw berthError(
        'DimensionMismatch',
        `${client.where}: gives vectors of ${cut} dimensions, asked for ${dimensions}; leave them out`,
      );
    }
  }
  const name = [url, model, dimensions].join('\0');
  return {
    contentDigest: `endpoint:${createHash('sha256').update(name).digest('hex')}`,
    // The endpoint's own affair, but part of what tells specs apart.
    pooling: overrides.pooling ?? 'mean',
    normalize: overrides.normalize ?? true,
    dimensions,
    maxTokens,
  };
}

async function lengthOf(
  { send, where }: ReturnType<typeof createEndpointClient>,
  dimensions?: number,
): Promise<number> {
  try {
    const [vector] = await send([probe], { dimensions });
    if (vector !== null && vector !== undefined && vector.length > 0) return vector.length;
  } catch (error) {
    if (!(error instanceof TextsRefused)) throw error;
    throw dimensions === undefined
      ? berthError('InvalidRequest', `${where}: refuses a sentence: ${error.message}`)
      : berthError('DimensionMismatch', `${where}: cannot cut to ${dimensions}: ${error.message}`);
  }
  throw berthError('EmbedderFailed', `${where}: gives no finite vector for a sentence`);
}
