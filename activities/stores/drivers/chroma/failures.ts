import { type BerthError, berthError } from '../../../../workflows/contracts/errors.ts';
import { asStoreFailure, errorText } from '../../shared/storeFailure.ts';

/** HTTP status behind each class of the client's errors, which carry none. */
const statuses: Record<string, number> = {
  ChromaClientError: 400,
  ChromaValueError: 400,
  InvalidArgumentError: 400,
  InvalidCollectionError: 400,
  ChromaUnauthorizedError: 401,
  ChromaForbiddenError: 403,
  ChromaNotFoundError: 404,
  ChromaUniqueError: 409,
  ChromaQuotaExceededError: 422,
  ChromaRateLimitError: 429,
};

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

export const isNotFound = (error: unknown): boolean => nameOf(error) === 'ChromaNotFoundError';
export const isTaken = (error: unknown): boolean => nameOf(error) === 'ChromaUniqueError';

export function chromaFailure(error: unknown, where: string): BerthError {
  return asStoreFailure(error, where, () => {
    const message = errorText(error)
      // Advice for browsers, and the whole address again.
      .replace(/ Make sure your server is running.*/s, '')
      .replace(/Bad request to \S+ with status: /, '');
    const tooLarge = /too large|length limit/i.test(message);
    return { status: tooLarge ? 413 : statuses[nameOf(error)], message };
  });
}

/** The client gives a request no time limit of its own. @throws BerthError StoreUnavailable */
export async function inTime<T>(work: Promise<T>, where: string, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seconds = timeoutMs / 1000;
      reject(berthError('StoreUnavailable', `${where}: no answer within ${seconds} seconds`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
