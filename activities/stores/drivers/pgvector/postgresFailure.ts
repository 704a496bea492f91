import type { DatabaseError } from 'pg';
import {
  BerthError,
  berthError,
  type FailureType,
} from '../../../../workflows/contracts/errors.ts';
import { collectionNotFound, errorText } from '../../shared/storeFailure.ts';

const notAsMade = 'no retry mends this: the database is not as Berth made it, or cannot do it';

/**
 * SQLSTATEs and their classes (PostgreSQL manual, appendix A), the more exact first. StoreRejected is
 * what other points, or fewer of them, may not have: their values, a constraint or trigger of the
 * table's owner, a limit.
 */
const states: [prefix: string, type: FailureType, hint: string][] = [
  ['28', 'CredentialsRefused', 'check the user of the address and PGPASSWORD'],
  ['42501', 'CredentialsRefused', 'grant this right to the user, or take another one'],
  ['3D000', 'InvalidRequest', 'create the database or correct the address'],
  ['53100', 'OutOfSpace', 'free disk space on the database server'],
  ['53300', 'StoreThrottled', 'retried later'],
  ['42704', 'StoreUnsupported', 'install pgvector 0.8 or newer in this database'],
  ['42883', 'StoreUnsupported', 'update pgvector to 0.8 or newer in this database'],
  ['2BP01', 'StoreUnsupported', 'drop what depends on it, repeat this, and make that anew'],
  ['21', 'StoreRejected', ''],
  ['22', 'StoreRejected', ''],
  ['23', 'StoreRejected', ''],
  ['44', 'StoreRejected', ''],
  ['54', 'StoreRejected', ''],
  ['P0', 'StoreRejected', ''],
  ['0A', 'StoreUnsupported', notAsMade],
  ['0L', 'StoreUnsupported', notAsMade],
  ['0P', 'StoreUnsupported', notAsMade],
  ['2B', 'StoreUnsupported', notAsMade],
  ['3F', 'StoreUnsupported', notAsMade],
  ['42', 'StoreUnsupported', notAsMade],
];

/**
 * What `pg` throws, as Berth names it: without a SQLSTATE there was no answer, and every state that
 * is not listed (08, 25, 40, 53, 55, 57, 58, XX, …) is a fault of the server's own,
 * which passes.
 * @param where store and operation
 */
export function postgresFailure(error: unknown, where: string, physical?: string): BerthError {
  if (error instanceof BerthError) return error;
  const state = stateOf(error);
  if (state === '42P01' && physical !== undefined) return collectionNotFound(where, physical);
  const text = oneLine(errorText(error));
  if (/expected \d+ dimensions, not \d+/.test(text)) {
    return berthError('DimensionMismatch', `${where}: ${text}`);
  }
  // The client's own: the server asks for a password, and there is none.
  const needsPassword = state === undefined && /^SASL.*password/.test(text);
  if (needsPassword) {
    return berthError('CredentialsRefused', `${where}: asks for a password; give it by PGPASSWORD`);
  }
  const known = states.find(([prefix]) => state?.startsWith(prefix));
  if (known === undefined) {
    return berthError('StoreUnavailable', `${where}: ${text}; is the database up?`);
  }
  const [, type, hint] = known;
  // Names what depends on it.
  const detail = state === '2BP01' ? ` (${oneLine((error as DatabaseError).detail ?? '')})` : '';
  return berthError(type, `${where}: ${text}${detail}${hint && `; ${hint}`}`);
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 500);

/** SQLSTATE of the server's answer; undefined for errors of the network, whose codes are words. */
export function stateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
