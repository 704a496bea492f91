import { createHash, verify } from 'node:crypto';
import { decodeBase64 } from '../signing/base64.ts';
import { pae } from '../signing/pae.ts';
import { hashFor, keyIdOf, parsePublicKey, publicPem } from '../signing/publicKey.ts';
import { inTotoPayloadType, omsBundleSchema, type Statement, statementSchema } from './format.ts';

/** The bundle does not verify; the message is the reason alone, the caller names the file. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/**
 * Checks the signature and the inner consistency of an OMS bundle and gives what it states.
 * ECDSA P-256, P-384 and P-521 (model_signing/_signing/sign_ec_key.py).
 * @throws BundleError
 */
export function openBundle(bundle: unknown, publicKeyPem: string): Statement {
  const key = parsePublicKey(publicKeyPem);
  const hash = key && hashFor(key);
  if (!key || !hash) throw new BundleError('the key is no PEM public key on P-256, P-384 or P-521');
  const parsed = omsBundleSchema.safeParse(bundle);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BundleError(`no OMS bundle signed with a key: ${issue?.path.join('.')}`);
  }
  const { verificationMaterial, dsseEnvelope } = parsed.data;
  const { hint } = verificationMaterial.publicKey;
  if (hint && hint !== keyIdOf(publicPem(key))) {
    throw new BundleError(`signed with key ${hint}, not with the given one`);
  }
  const payload = decodeBase64(dsseEnvelope.payload);
  const signature = decodeBase64(dsseEnvelope.signatures[0]?.sig ?? '');
  if (!payload || !signature || !verify(hash, pae(inTotoPayloadType, payload), key, signature)) {
    throw new BundleError('its signature does not verify with the given key');
  }
  return consistent(parseStatement(payload));
}

function parseStatement(payload: Buffer): Statement {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    throw new BundleError('its payload is not JSON');
  }
  const parsed = statementSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BundleError(`unsupported statement: ${issue?.path.join('.')}: ${issue?.message}`);
}

function consistent(statement: Statement): Statement {
  const { resources } = statement.predicate;
  if (new Set(resources.map(({ name }) => name)).size !== resources.length) {
    throw new BundleError('it lists a resource twice');
  }
  const root = createHash('sha256');
  for (const { digest } of resources) root.update(Buffer.from(digest, 'hex'));
  if (root.digest('hex') !== statement.subject[0].digest.sha256) {
    throw new BundleError('its root digest does not match its resources');
  }
  return statement;
}
