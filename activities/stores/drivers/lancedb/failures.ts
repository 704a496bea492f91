import { BerthError, berthError } from '../../../../workflows/contracts/errors.ts';
import { collectionNotFound, errorText, storeFailure } from '../../shared/storeFailure.ts';

/** LanceDB throws plain errors: what happened is only in their text. */
const isMissing = (text: string): boolean => /was not found|Not found:|not found in/i.test(text);

export const exists = (error: unknown): boolean => /already exists/i.test(errorText(error));

/** Another process has written meanwhile, more often than Lance tries again. */
export const isConflict = (error: unknown): boolean =>
  /conflict|Too many concurrent writers|concurrent/i.test(errorText(error));

export function lanceFailure(error: unknown, where: string, physical: string): BerthError {
  if (error instanceof BerthError) return error;
  const text = errorText(error);
  // Names of folders and collections may hold any of these words.
  const withoutNames = (some: string): string =>
    [where.slice(where.indexOf('=') + 1), physical]
      .filter((name) => name !== '')
      .reduce((left, name) => left.replaceAll(name, '…'), some);
  if (isMissing(withoutNames(text))) return collectionNotFound(where, physical);
  if (/no space left/i.test(withoutNames(text))) {
    return berthError('OutOfSpace', `${where}: no space left on its file system; free some`);
  }
  // Lance appends where in its sources it failed, and repeats itself as its own cause.
  const message = text.split(/, \/|\s+Caused by/)[0] ?? text;
  const said = withoutNames(message);
  if (/invalid (input|user input)|schema|parse|LanceError\(Schema/i.test(said)) {
    return storeFailure(where, { status: 400, message });
  }
  return storeFailure(where, { message });
}

/** Of making its folder: waiting cures a full disk at most. */
export function folderFailure(error: NodeJS.ErrnoException, where: string): BerthError {
  if (error.code === 'ENOSPC') return lanceFailure(error, where, '');
  return berthError(
    'InvalidRequest',
    `${where}: cannot be made (${error.code}); expected a folder that the stack's user may write`,
  );
}
