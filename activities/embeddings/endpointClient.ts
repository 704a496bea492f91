import OpenAI from 'openai';
import pRetry from 'p-retry';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { AimdLimiter } from '../platform/aimdLimiter.ts';
import { vectorsOf } from './endpointAnswer.ts';
import { endpointFailure, TextsRefused, troubleOf } from './endpointFailure.ts';

export interface EndpointRetries {
  /** After the first attempt. */
  retries: number;
  /** Before the first retry; doubles from one to the next, with jitter. */
  minDelayMs: number;
  maxDelayMs: number;
  /** Of one request. */
  timeoutMs: number;
}

/** Outlasts an outage of a minute. */
export const defaultRetries: EndpointRetries = {
  retries: 8,
  minDelayMs: 500,
  maxDelayMs: 30_000,
  timeoutMs: 60_000,
};

export interface EndpointClientDeps {
  /** OpenAI-compatible `…/v1`. */
  url: string;
  model: string;
  env: NodeJS.ProcessEnv;
  limiter: AimdLimiter;
  retries: EndpointRetries;
}

export interface EndpointClient {
  /** Endpoint and model, for messages. */
  readonly where: string;
  /**
   * One request, retried as the endpoint asks or with growing delays.
   * @param dimensions to ask for; undefined: the model's own
   * @returns a vector a text, null for one that is not finite
   * @throws TextsRefused; BerthError EmbedderFailed, CredentialsRefused, InvalidRequest
   */
  send(
    texts: readonly string[],
    options?: { dimensions?: number; signal?: AbortSignal; retries?: number },
  ): Promise<(Float32Array | null)[]>;
}

/** `…/v1/embeddings` through OpenAI's own client, which is not left to retry by itself. */
export function createEndpointClient(deps: EndpointClientDeps): EndpointClient {
  const { url, model, env, limiter, retries } = deps;
  const where = `embedder ${refuseCredentials(url)}, model ${model}`;
  const key = env.BERTH_EMBEDDER_KEY;
  const client = new OpenAI({
    baseURL: url,
    // Never another's key out of the environment; a server of one's own often needs none.
    apiKey: key || 'none',
    defaultHeaders: key ? {} : { authorization: null },
    adminAPIKey: null,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: retries.timeoutMs,
    logLevel: 'off',
  });

  const once = async (texts: readonly string[], dimensions?: number, signal?: AbortSignal) => {
    try {
      const answer = await client.embeddings.create(
        {
          model,
          input: [...texts],
          encoding_format: 'float',
          ...(dimensions === undefined ? {} : { dimensions }),
        },
        { signal },
      );
      return vectorsOf(where, answer, texts.length);
    } catch (error) {
      signal?.throwIfAborted();
      throw endpointFailure(where, error);
    }
  };

  return {
    where,
    send: (texts, { dimensions, signal, retries: count = retries.retries } = {}) =>
      pRetry(() => limiter.run(() => once(texts, dimensions, signal), signal), {
        retries: count,
        factor: 2,
        minTimeout: retries.minDelayMs,
        maxTimeout: retries.maxDelayMs,
        randomize: true,
        signal,
        shouldRetry: ({ error }) =>
          !(error instanceof TextsRefused) && troubleOf(error) !== undefined,
      }),
  };
}

/** @returns the address as it may be printed */
function refuseCredentials(url: string): string {
  if (!URL.canParse(url)) {
    throw berthError(
      'InvalidRequest',
      `embedder ${url}: expected a URL such as http://host:port/v1`,
    );
  }
  const { username, password, search, hash, href, protocol } = new URL(url);
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    throw berthError(
      'InvalidRequest',
      'embedder: its URL holds credentials, or what may be some, behind ? or #; leave them out and set BERTH_EMBEDDER_KEY',
    );
  }
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw berthError('InvalidRequest', `embedder ${href}: expected http or https`);
  }
  return href;
}
