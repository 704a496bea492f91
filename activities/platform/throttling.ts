import { BerthError } from '../../workflows/contracts/errors.ts';

const throttlingTypes = new Set(['StoreThrottled', 'StoreUnavailable']);
const timeoutNames = new Set(['TimeoutError', 'APIConnectionTimeoutError']);
const timeoutCodes = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT']);

interface Trouble {
  name?: unknown;
  code?: unknown;
  status?: unknown;
  details?: unknown;
  cause?: unknown;
}

/** Whether a rejection asks for fewer requests: 429, 503, a time-out, or a store that is down. */
export function isThrottling(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if (error instanceof BerthError && throttlingTypes.has(error.type)) return true;
  const { name, code, status, details, cause } = error as Trouble;
  return (
    status === 429 ||
    status === 503 ||
    (typeof name === 'string' && timeoutNames.has(name)) ||
    (typeof code === 'string' && timeoutCodes.has(code)) ||
    (isRecord(details) && (details.throttled === true || details.timedOut === true)) ||
    isThrottling(cause)
  );
}

/** Whoever asks for a longer wait is asked again after this one: a broken header must not hold a job. */
const longestWaitMs = 300_000;

/** `details.retryAfterMs` or `retryAfterMs` of a rejection, milliseconds, at most five minutes. */
export function retryAfterMsOf(error: unknown): number | undefined {
  if (!isRecord(error)) return undefined;
  const { details } = error;
  const value = isRecord(details) ? details.retryAfterMs : error.retryAfterMs;
  return typeof value === 'number' && value >= 0 ? Math.min(value, longestWaitMs) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
