import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { createFileOnce } from '../../platform/createOnce.ts';
import { readSecretFile } from '../keys/secretFile.ts';
import { hashFor, keyIdOf, publicPem } from './publicKey.ts';
import type { Trust } from './trust.ts';

/** Signs manifests, tags and OMS bundles of this host. */
export interface SigningKey {
  readonly keyid: string;
  readonly publicKeyPem: string;
  /** DER signature, ECDSA P-256 with SHA-256. */
  sign(message: Uint8Array): Buffer;
}

export function signingKeyPath(keysFolder: string): string {
  return join(keysFolder, 'signing.pem');
}

/**
 * Reads this host's signing key, made on first use (ECDSA P-256, PKCS#8 PEM, mode 0600), and pins
 * its public half in the trust folder.
 * @throws BerthError KeyUnavailable naming the file.
 */
export async function loadSigningKey(keysFolder: string, trust: Trust): Promise<SigningKey> {
  const path = signingKeyPath(keysFolder);
  let pem = await readSecretFile(path);
  if (pem === undefined) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await createFileOnce(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    pem = await readSecretFile(path);
  }
  const privateKey = parsePrivateKey(path, pem);
  const publicKeyPem = publicPem(createPublicKey(privateKey));
  await trust.pin(publicKeyPem);
  return {
    keyid: keyIdOf(publicKeyPem),
    publicKeyPem,
    sign: (message) => sign('sha256', message, privateKey),
  };
}

function parsePrivateKey(path: string, pem: Buffer | undefined): KeyObject {
  try {
    const key = createPrivateKey(pem ?? '');
    if (hashFor(key) === 'sha256') return key;
  } catch {
    // Reported below, without OpenSSL's words: they may quote the file.
  } finally {
    pem?.fill(0);
  }
  throw berthError(
    'KeyUnavailable',
    `signing key ${path} is no ECDSA P-256 private key in PEM; restore it from its backup`,
  );
}
