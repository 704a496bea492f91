import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** ECDSA curves of OpenSSF Model Signing and the hash that goes with each. */
const hashOfCurve: Record<string, string> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};

/** The hash that an elliptic-curve key signs with; undefined for any other key. */
export function hashFor(key: KeyObject): string | undefined {
  return hashOfCurve[key.asymmetricKeyDetails?.namedCurve ?? ''];
}

/** SPKI PEM text, as OpenSSL and Python's cryptography write it. */
export function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** Lower-case hex SHA-256 of the SPKI PEM text; also the hint in an OMS bundle. */
export function keyIdOf(publicKeyPem: string): string {
  return createHash('sha256').update(publicKeyPem, 'utf8').digest('hex');
}

/** Reads a PEM public key of a supported curve; undefined when it is anything else. */
export function parsePublicKey(pem: string): KeyObject | undefined {
  // Node would derive a public key from a private one: nobody should hand us that.
  if (pem.includes('PRIVATE KEY')) return undefined;
  try {
    const key = createPublicKey(pem);
    return hashFor(key) === undefined ? undefined : key;
  } catch {
    return undefined;
  }
}
