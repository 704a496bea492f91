import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { BerthError, berthError } from '../../workflows/contracts/errors.ts';

/** Nobody is told to wait for longer; who asks for more is asked again. */
const longestWaitMs = 300_000;

/** The endpoint will never take these texts together: one of them is bad, or they are too many. */
export class TextsRefused extends Error {
  override readonly name = 'TextsRefused';
}

/** What `details` of an EmbedderFailed tell the limiter and whoever splits batches. */
export interface EndpointTrouble {
  status: number | null;
  throttled: boolean;
  retryAfterMs?: number;
}

/**
 * What a rejection of the openai client means.
 * @param where endpoint and model, for the message
 */
export function endpointFailure(where: string, error: unknown): Error {
  if (error instanceof BerthError) return error;
  if (error instanceof APIConnectionTimeoutError) {
    return failed(`${where}: no answer in time`, { status: null, throttled: true });
  }
  if (error instanceof APIConnectionError) {
    const { cause } = error;
    const code = cause instanceof Error ? causeCode(cause) : undefined;
    return failed(`${where}: no connection${code ? ` (${code})` : ''}; is it up?`, down);
  }
  if (!(error instanceof APIError)) {
    return failed(`${where}: answered something else than embeddings: ${oneLine(error)}`, down);
  }
  const { status, headers, code } = error;
  const line = `${where}: ${oneLine(error)}`;
  if (status === 401 || status === 402 || status === 403 || code === 'insufficient_quota') {
    return berthError('CredentialsRefused', `${line}; check BERTH_EMBEDDER_KEY`);
  }
  if (status === 404 || status === 405) {
    return berthError('InvalidRequest', `${line}; check the URL, which ends in /v1, and the model`);
  }
  if (status !== undefined && status < 500 && status !== 408 && status !== 409 && status !== 429) {
    return new TextsRefused(oneLine(error));
  }
  const retryAfterMs = retryAfterOf(headers);
  return failed(line, {
    status: status ?? null,
    throttled: status === 429 || status === 503 || status === 408,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const down: EndpointTrouble = { status: null, throttled: false };

function failed(message: string, details: EndpointTrouble): BerthError {
  return berthError('EmbedderFailed', message, details);
}

export function troubleOf(error: unknown): EndpointTrouble | undefined {
  return error instanceof BerthError && error.type === 'EmbedderFailed'
    ? (error.details as EndpointTrouble | undefined)
    : undefined;
}

/** `retry-after-ms`, else Retry-After in seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfterOf(headers: Headers | undefined, now = Date.now()): number | undefined {
  const exact = headers?.get('retry-after-ms');
  const header = headers?.get('retry-after');
  const wait = exact
    ? Number(exact)
    : header
      ? Number.isFinite(Number(header))
        ? Number(header) * 1000
        : Date.parse(header) - now
      : Number.NaN;
  return Number.isFinite(wait) ? Math.min(longestWaitMs, Math.max(0, wait)) : undefined;
}

function causeCode(error: Error): string | undefined {
  const { code, cause } = error as NodeJS.ErrnoException;
  return code ?? (cause instanceof Error ? causeCode(cause) : undefined);
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}
