import { setMaxListeners } from 'node:events';
import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { type AimdLimiter, createAimdLimiter } from '../platform/aimdLimiter.ts';
import type { Embedded, Embedder, EmbedOptions } from './embedder.ts';
import { normalizeVector } from './endpointAnswer.ts';
import { createEndpointClient, defaultRetries, type EndpointRetries } from './endpointClient.ts';
import { TextsRefused, troubleOf } from './endpointFailure.ts';

/** What requests find out about a model. */
export interface EndpointKnowledge {
  /** The dimensions to ask for: only where it gives more by itself, as many servers refuse the parameter. */
  asked?: number;
  /** The first request, which finds it out: others wait, rather than be sent and paid for twice. */
  first?: Promise<unknown>;
}

export interface EndpointEmbedderDeps {
  /** OpenAI-compatible `…/v1`, without credentials. */
  url: string;
  model: string;
  spec: EmbeddingSpec;
  /** BERTH_EMBEDDER_KEY, where the endpoint wants one. */
  env: NodeJS.ProcessEnv;
  /** Share one among all that use the endpoint. */
  limiter?: AimdLimiter;
  retries?: Partial<EndpointRetries>;
  /** Texts a request, at first: it shrinks where the endpoint takes fewer. */
  batchTexts?: number;
  /** What is known of the model; share one among all that ask it for the same dimensions. */
  known?: EndpointKnowledge;
}

/** Characters a request: far below the limits of tokens and bytes that are in use. */
const batchCharacters = 200_000;
/** For finding out whether texts or the endpoint are at fault. */
const probe = 'ship';

export const endpointLimits = { min: 1, max: 16, start: 4 };

/** Embeds over HTTP; at most as many requests at a time as the endpoint bears. */
export function createEndpointEmbedder(deps: EndpointEmbedderDeps): Embedder {
  const { spec, limiter = createAimdLimiter(endpointLimits) } = deps;
  const client = createEndpointClient({
    ...deps,
    limiter,
    retries: { ...defaultRetries, ...deps.retries },
  });
  let batchTexts = deps.batchTexts ?? 64;
  const known: EndpointKnowledge = deps.known ?? {};

  /** null: not finite. */
  const vectors: typeof request = async (texts, signal, retries) => {
    if (known.first === undefined) {
      const first = request(texts, signal, retries);
      known.first = first;
      // It has found nothing out: the next one is the first.
      first.catch(() => {
        if (known.first === first) known.first = undefined;
      });
      return first;
    }
    await known.first.catch(() => undefined);
    return request(texts, signal, retries);
  };

  const request = async (texts: readonly string[], signal?: AbortSignal, retries?: number) => {
    const send = (dimensions?: number) => client.send(texts, { dimensions, signal, retries });
    // Another request may find out meanwhile: what counts is what this one has asked for.
    const first = known.asked;
    let found = await send(first);
    const longer = found.some((vector) => vector !== null && vector.length > spec.dimensions);
    if (longer && first === undefined) {
      known.asked = spec.dimensions;
      found = await send(known.asked).catch((error: unknown) => {
        if (!(error instanceof TextsRefused)) throw error;
        known.asked = undefined;
        throw mismatch(spec, client.where, `its own number, and cannot cut them: ${error.message}`);
      });
    }
    const wrong = found.find((vector) => vector !== null && vector.length !== spec.dimensions);
    if (wrong) throw mismatch(spec, client.where, `${wrong.length}`);
    return found.map((vector) => (vector && spec.normalize ? normalizeVector(vector) : vector));
  };

  const part = async (texts: readonly string[], signal: AbortSignal, retries?: number) => {
    let found: (Float32Array | null)[];
    try {
      found = await vectors(texts, signal, retries);
    } catch (error) {
      // Some servers fail with 500 on a text, such as one whose vector is not finite.
      const fault = troubleOf(error)?.status === 500;
      if (!fault && !(error instanceof TextsRefused)) throw error;
      if (fault) await vectors([probe], signal);
      if (texts.length > 1) return halves(texts, signal, fault ? 1 : retries);
      return [refused((error as Error).message)];
    }
    const answers: Embedded[] = [];
    for (const [index, vector] of found.entries()) {
      if (vector !== null) answers.push({ vector });
      else if (texts.length > 1) {
        answers.push(...(await part([texts[index] as string], signal, retries)));
      } else {
        const reason = 'the endpoint gives NaN, infinity or null for this text';
        answers.push({ failure: { kind: 'embedding-not-finite', reason } });
      }
    }
    return answers;
  };

  const halves = async (
    texts: readonly string[],
    signal: AbortSignal,
    retries?: number,
  ): Promise<Embedded[]> => {
    const middle = texts.length >> 1;
    const answers = [
      ...(await part(texts.slice(0, middle), signal, retries)),
      ...(await part(texts.slice(middle), signal, retries)),
    ];
    // None was bad: they were too many.
    if (answers.every(({ failure }) => failure === undefined)) {
      batchTexts = Math.min(batchTexts, texts.length - middle);
    }
    return answers;
  };

  return {
    spec,
    async embed(texts, options = {}) {
      // The first part that fails ends the others.
      const stop = new AbortController();
      const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
      // Every request under way listens to it.
      setMaxListeners(0, signal);
      const count = counter(texts.length, options);
      const parts = portions(texts, batchTexts).map(async (some) => {
        const answers = await part(some, signal);
        count(some.length);
        return answers;
      });
      try {
        return (await Promise.all(parts)).flat();
      } catch (error) {
        stop.abort(error);
        await Promise.allSettled(parts);
        throw error;
      }
    },
  };
}

function* indexed(texts: readonly string[], most: number): Generator<string[]> {
  let some: string[] = [];
  let characters = 0;
  for (const text of texts) {
    if (some.length > 0 && (some.length >= most || characters + text.length > batchCharacters)) {
      yield some;
      some = [];
      characters = 0;
    }
    some.push(text);
    characters += text.length;
  }
  if (some.length > 0) yield some;
}

const portions = (texts: readonly string[], most: number): string[][] => [...indexed(texts, most)];

function counter(total: number, { onProgress }: EmbedOptions): (texts: number) => void {
  let done = 0;
  return (texts) => {
    done += texts;
    onProgress?.(done, total);
  };
}

function refused(reason: string): Embedded {
  return { failure: { kind: 'embedding-refused', reason } };
}

function mismatch({ dimensions }: EmbeddingSpec, where: string, found: string): Error {
  return berthError(
    'DimensionMismatch',
    `${where}: gives vectors of another length: ${found}, expected ${dimensions}; plan the job anew`,
  );
}
