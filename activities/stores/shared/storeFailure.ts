import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';

/** What a client's error says, whatever its class. */
export interface StoreTrouble {
  /** Of the HTTP answer; undefined: there was none. */
  status?: number | undefined;
  message: string;
  retryAfterMs?: number | undefined;
}

/**
 * A store's refusal as Berth names it.
 * @param where store and operation, such as `qdrant http://…: upsert docs-v1`
 */
export function storeFailure(where: string, trouble: StoreTrouble): BerthError {
  const { status, retryAfterMs } = trouble;
  const line = `${where}: ${oneLine(trouble.message)}`;
  if (status === 429) {
    const details = retryAfterMs === undefined ? undefined : { retryAfterMs };
    return berthError('StoreThrottled', `${line}; retried later`, details);
  }
  if (status === 401 || status === 403) {
    return berthError('CredentialsRefused', `${line}; check the store's key in the environment`);
  }
  if (status === 408 || status === undefined || status >= 500) {
    return berthError('StoreUnavailable', `${line}; is the store up?`);
  }
  return berthError('StoreRejected', line);
}

/** Errors of Berth's own pass; every other one is told by `describe`. */
export function asStoreFailure(
  error: unknown,
  where: string,
  describe: (error: unknown) => StoreTrouble,
): BerthError {
  return error instanceof BerthError ? error : storeFailure(where, describe(error));
}

/** Milliseconds of an HTTP Retry-After header, seconds or a date; undefined: none. */
export function retryAfter(
  header: string | null | undefined,
  now = Date.now(),
): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** A message with its causes, for one line of at most 500 characters. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (${errorText(error.cause)})`;
  const code = (error as NodeJS.ErrnoException).code;
  const text = error.message || code || error.name;
  return `${text}${cause}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 500);
}

export const collectionNotFound = (where: string, physical: string): BerthError =>
  berthError(
    'CollectionNotFound',
    `${where}: no collection ${physical} of Berth's; berth collections lists them`,
  );

/** What a capability denies. */
export const unsupported = (where: string, what: string): BerthError =>
  berthError('StoreUnsupported', `${where} cannot ${what}; leave it out or take another store`);
