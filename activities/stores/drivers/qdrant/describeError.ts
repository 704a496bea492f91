import {
  QdrantClientResourceExhaustedError,
  QdrantClientTimeoutError,
} from '@qdrant/js-client-rest';
import { errorText, type StoreTrouble } from '../../shared/storeFailure.ts';

/**
 * The client rejects with: ApiError of its fetcher (status, data; the class is not exported), a
 * 429 with Retry-After of its own, a time-out, and what `fetch` throws.
 */
export function describeQdrantError(error: unknown): StoreTrouble {
  if (error instanceof QdrantClientResourceExhaustedError) {
    const { retry_after: seconds } = error as unknown as { retry_after: number };
    return { status: 429, message: errorText(error), retryAfterMs: seconds * 1000 };
  }
  // Its Retry-After was a date, which the client cannot read.
  if (/^Invalid retryAfter value/.test(errorText(error))) {
    return { status: 429, message: 'too many requests' };
  }
  if (error instanceof QdrantClientTimeoutError) {
    return { status: undefined, message: 'no answer in time' };
  }
  if (error instanceof Error && typeof (error as { status?: unknown }).status === 'number') {
    const { status, data } = error as Error & { status: number; data?: unknown };
    return { status, message: statusError(data) ?? (error.message || `HTTP status ${status}`) };
  }
  return { status: undefined, message: errorText(error) };
}

/** `{ status: { error } }` of every refusal; a proxy before the server answers with text. */
function statusError(data: unknown): string | undefined {
  if (typeof data === 'string' && data !== '') return data;
  const status = (data as { status?: { error?: unknown } } | undefined)?.status;
  return typeof status?.error === 'string' ? status.error : undefined;
}
