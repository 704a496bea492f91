import { berthError } from '../../workflows/contracts/errors.ts';
import type { Cli } from './cli.ts';

/**
 * Asks before something is destroyed.
 * @param question Such as `Remove minilm@sha256:… for good?`
 * @returns whether to go on
 * @throws BerthError InvalidRequest when there is nobody to ask and no `--yes`
 */
export async function askConsent(
  cli: Cli,
  yes: boolean | undefined,
  what: string,
  question: string,
): Promise<boolean> {
  if (yes) return true;
  const answer = await cli.confirm(question);
  if (answer !== undefined) return answer;
  throw berthError('InvalidRequest', `${what}: no terminal to ask at; give --yes to go on`);
}
