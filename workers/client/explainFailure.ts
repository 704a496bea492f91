import { type BerthError, berthError } from '../../workflows/contracts/errors.ts';
import { toBerthError } from './failures.ts';
import type { Session } from './session.ts';

/**
 * As `toBerthError`; a server that does not answer is explained by what is wrong with the stack,
 * where that can be seen.
 */
export async function explainFailure(
  session: Pick<Session, 'outage'>,
  error: unknown,
  what: string,
): Promise<BerthError> {
  const failure = toBerthError(error, what);
  if (failure.type !== 'StackUnavailable') return failure;
  const outage = await session.outage();
  return outage === undefined ? failure : berthError('StackUnavailable', `${what}: ${outage}`);
}
