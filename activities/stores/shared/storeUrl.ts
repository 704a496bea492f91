import type { StoreKind } from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

/**
 * A store's address, without its text in messages until it is known to hold no secret.
 * @param protocols such as `http:`
 * @throws BerthError InvalidRequest for another protocol, and for a password or key in the address
 */
export function checkStoreUrl(
  kind: StoreKind,
  text: string,
  protocols: readonly string[],
  /** Environment variable where the credential belongs. */
  credential: string,
): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw berthError('InvalidRequest', `store ${kind}: its address is no URL`);
  }
  const holdsUser = protocols.includes('http:') && url.username !== '';
  if (url.password !== '' || holdsUser || /key|token|password|secret/i.test(url.search)) {
    throw berthError(
      'InvalidRequest',
      `store ${kind}: its address holds a credential; put it into ${credential} instead`,
    );
  }
  if (!protocols.includes(url.protocol)) {
    const expected = protocols.map((protocol) => `${protocol}//`).join(' or ');
    throw berthError('InvalidRequest', `store ${kind}=${text}: expected ${expected}…`);
  }
  return url;
}
