import {
  type BerthError,
  berthError,
  BerthError as Known,
} from '../../../workflows/contracts/errors.ts';

/**
 * A database's refusal as Berth names it, by SQLSTATE (PostgreSQL, appendix A).
 * @param where Address without a password
 */
export function sourceFailure(where: string, error: unknown): BerthError {
  if (error instanceof Known) return error;
  const { code, message } = error as Error & { code?: string };
  const line = `${where}: ${textOf(error, message).replace(/\s+/g, ' ').trim().slice(0, 400)}`;
  if (code === undefined && /^SASL|password must be a string/i.test(message)) {
    return berthError(
      'CredentialsRefused',
      `${where}: asks for a password; give it by PGPASSWORD or ~/.pgpass`,
    );
  }
  if (/^28/.test(code ?? '') || code === '42501') {
    return berthError('CredentialsRefused', `${line}; check user, PGPASSWORD and rights`);
  }
  if (code === '57014') {
    return berthError('SourceUnavailable', `${line}; is an index on the id column missing?`);
  }
  if (code === '25006') {
    return berthError('InvalidRequest', `${line}; the query may only read`);
  }
  if (/^(?:22|3D|3F|42|0A)/.test(code ?? '')) return berthError('InvalidRequest', line);
  return berthError('SourceUnavailable', `${line}; is the database up?`);
}

/** Attempts at several addresses of a host fail without a message of their own. */
function textOf(error: unknown, message: string): string {
  if (message !== '') return message;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return first instanceof Error ? first.message : 'no connection';
}
