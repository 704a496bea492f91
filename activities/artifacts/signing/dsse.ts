import { verify } from 'node:crypto';
import { z } from 'zod';
import { type BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import type { DsseEnvelope } from '../../../workflows/contracts/manifest.ts';
import { decodeBase64 } from './base64.ts';
import { canonicalJson, parseCanonicalJson } from './canonicalJson.ts';
import { pae } from './pae.ts';
import { hashFor } from './publicKey.ts';
import type { SigningKey } from './signingKey.ts';
import type { Trust } from './trust.ts';

const envelopeSchema = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })).min(1),
});

/** Signs a value as canonical JSON in a DSSE envelope; the file is canonical JSON as well. */
export function signEnvelope(payloadType: string, value: unknown, key: SigningKey): Buffer {
  const payload = Buffer.from(canonicalJson(value), 'utf8');
  const envelope: DsseEnvelope = {
    payload: payload.toString('base64'),
    payloadType,
    signatures: [{ keyid: key.keyid, sig: key.sign(pae(payloadType, payload)).toString('base64') }],
  };
  return Buffer.from(canonicalJson(envelope), 'utf8');
}

export interface OpenedEnvelope {
  /** Canonical JSON, as it was signed. */
  payload: Buffer;
  value: unknown;
}

/**
 * Opens a signed document: every signature must verify with a trusted key, and every byte of the
 * file and the payload must be canonical, so that no altered byte goes unnoticed.
 * @param file names the document in errors.
 * @throws BerthError SignatureInvalid.
 */
export async function openEnvelope(
  file: string,
  bytes: Uint8Array,
  payloadType: string,
  trust: Trust,
): Promise<OpenedEnvelope> {
  const parsed = envelopeSchema.safeParse(parseCanonicalJson(bytes));
  if (!parsed.success) throw invalid(file, 'no canonical DSSE envelope; it was altered or damaged');
  const envelope = parsed.data;
  if (envelope.payloadType !== payloadType) {
    throw invalid(file, `payload type ${envelope.payloadType}, expected ${payloadType}`);
  }
  const payload = decodeBase64(envelope.payload);
  if (payload === undefined) throw invalid(file, 'the payload is not base64');
  for (const { keyid, sig } of envelope.signatures) {
    const key = await trust.find(keyid);
    const hash = key && hashFor(key);
    if (!key || !hash) {
      throw invalid(
        file,
        `signed by key ${keyid}, which is not pinned; if you trust it, put ${trust.path(keyid)} there`,
      );
    }
    const signature = decodeBase64(sig);
    if (!signature || !verify(hash, pae(payloadType, payload), key, signature)) {
      throw invalid(file, 'its signature does not verify: it was altered');
    }
  }
  const value = parseCanonicalJson(payload);
  if (value === undefined) throw invalid(file, 'its payload is not canonical JSON');
  return { payload, value };
}

function invalid(file: string, reason: string): BerthError {
  return berthError('SignatureInvalid', `${file}: ${reason}`);
}
