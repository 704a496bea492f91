import {
  BerthError,
  berthError,
  type FailureType,
} from '../../../../workflows/contracts/errors.ts';
import { collectionNotFound, errorText } from '../../shared/storeFailure.ts';

/** SQLSTATEs and their classes (PostgreSQL manual, appendix A), the more exact first. */
const states: [prefix: string, type: FailureType, hint: string][] = [
  ['28', 'CredentialsRefused', 'check the user of the address and PGPASSWORD'],
  ['42501', 'CredentialsRefused', 'grant this right to the user, or take another one'],
  ['3D000', 'InvalidRequest', 'create the database or correct the address'],
  ['53100', 'OutOfSpace', 'free disk space on the database server'],
  ['53300', 'StoreThrottled', 'retried later'],
  ['42704', 'StoreUnsupported', 'install pgvector 0.8 or newer in this database'],
  ['22', 'StoreRejected', ''],
  ['23', 'StoreRejected', ''],
  ['54', 'StoreRejected', ''],
];

/**
 * What `pg` throws, as Berth names it: without a SQLSTATE there was no answer, and every state that
 * is not listed (08, 40, 53, 55, 57, 58, XX, …) is a fault of the server's own.
 * @param where store and operation
 */
export function postgresFailure(error: unknown, where: string, physical?: string): BerthError {
  if (error instanceof BerthError) return error;
  const state = stateOf(error);
  if (state === '42P01' && physical !== undefined) return collectionNotFound(where, physical);
  const text = errorText(error).replace(/\s+/g, ' ').slice(0, 500);
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
  return berthError(type, `${where}: ${text}${hint && `; ${hint}`}`);
}

/** SQLSTATE of the server's answer; undefined for errors of the network, whose codes are words. */
export function stateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
