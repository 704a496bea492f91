import { NativeError } from '../../native/addon/index.ts';
import { BerthError, berthError } from '../../workflows/contracts/errors.ts';

const corrupt: Record<string, string> = {
  AUTH: 'a segment does not verify: it was altered',
  HEADER: 'its header does not verify: it was altered or swapped, or sealed with another key',
  TRUNCATED: 'it is truncated',
  TRAILING: 'it goes on after its end',
  ENOENT: 'it is missing',
};

/** Why a blob does not open; undefined when the failure is not about its content. */
export function corruptReason(error: unknown): string | undefined {
  return error instanceof NativeError ? corrupt[error.code] : undefined;
}

/** True when a file system or a quota is full. */
export function isOutOfSpace(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/**
 * Runs file work and names a full disk or shared memory for what it is, whoever noticed it.
 * @param where the folder whose file system is written to.
 */
export async function reportingFullDisk<T>(where: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof BerthError || !isOutOfSpace(error)) throw error;
    throw berthError(
      'OutOfSpace',
      `${where}: no space left on its file system; free some and retry`,
      { cause: (error as Error).message },
    );
  }
}
