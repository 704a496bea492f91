import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/**
 * FLOE (eprint 2025/2275) as plainly as it can be written, for tests only: the addon has to agree
 * with it, both ways. AES-256-GCM, HKDF-Expand-SHA-384, 32-byte IV.
 */
export interface FloeOptions {
  key: Uint8Array;
  aad: Uint8Array;
  /** Bytes of an encrypted segment. */
  segmentLength: number;
  rotationMaskBits?: number;
}

const headerBytes = 74;
const overhead = 32;

export function referenceSeal(options: FloeOptions, plaintext: Uint8Array): Buffer {
  const iv = randomBytes(32);
  const chunk = options.segmentLength - overhead;
  const count = Math.max(1, Math.ceil(plaintext.length / chunk));
  const segments = Array.from({ length: count }, (_, position) => {
    const body = plaintext.subarray(position * chunk, (position + 1) * chunk);
    return sealSegment(options, iv, position, position === count - 1, body);
  });
  return Buffer.concat([headerOf(options, iv), ...segments]);
}

/** Throws on anything that does not verify. */
export function referenceOpen(options: FloeOptions, sealed: Uint8Array): Buffer {
  const data = Buffer.from(sealed);
  const iv = data.subarray(10, 42);
  if (data.length < headerBytes || !headerOf(options, iv).equals(data.subarray(0, headerBytes))) {
    throw new Error('header does not verify');
  }
  const parts: Buffer[] = [];
  let offset = headerBytes;
  for (let position = 0; ; position++) {
    const stated = data.readUInt32BE(offset);
    const isFinal = stated !== 0xffffffff;
    const length = isFinal ? stated : options.segmentLength;
    if (length < overhead || length > options.segmentLength || offset + length > data.length) {
      throw new Error(`segment ${position} has a wrong length`);
    }
    parts.push(openSegment(options, iv, position, isFinal, data.subarray(offset, offset + length)));
    offset += length;
    if (isFinal) break;
  }
  if (offset !== data.length) throw new Error('bytes after the final segment');
  return Buffer.concat(parts);
}

function sealSegment(
  options: FloeOptions,
  iv: Buffer,
  position: number,
  isFinal: boolean,
  body: Uint8Array,
): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', segmentKey(options, iv, position), nonce);
  cipher.setAAD(segmentAad(position, isFinal));
  const ciphertext = Buffer.concat([cipher.update(body), cipher.final()]);
  const field = be(isFinal ? body.length + overhead : 0xffffffff, 4);
  return Buffer.concat([field, nonce, ciphertext, cipher.getAuthTag()]);
}

function openSegment(
  options: FloeOptions,
  iv: Buffer,
  position: number,
  isFinal: boolean,
  segment: Buffer,
): Buffer {
  const key = segmentKey(options, iv, position);
  const decipher = createDecipheriv('aes-256-gcm', key, segment.subarray(4, 16));
  decipher.setAAD(segmentAad(position, isFinal));
  decipher.setAuthTag(segment.subarray(-16));
  return Buffer.concat([decipher.update(segment.subarray(16, -16)), decipher.final()]);
}

function headerOf(options: FloeOptions, iv: Buffer): Buffer {
  const tag = kdf(options, options.key, iv, Buffer.from('HEADER_TAG:'), 32);
  return Buffer.concat([paramsOf(options), iv, tag]);
}

function segmentKey(options: FloeOptions, iv: Buffer, position: number): Buffer {
  const messageKey = kdf(options, options.key, iv, Buffer.from('MESSAGE_KEY:'), 48);
  const step = 2 ** (options.rotationMaskBits ?? 20);
  const masked = Math.floor(position / step) * step;
  return kdf(options, messageKey, iv, Buffer.concat([Buffer.from('DEK:'), be(masked, 8)]), 32);
}

function segmentAad(position: number, isFinal: boolean): Buffer {
  return Buffer.concat([be(position, 8), Buffer.from([isFinal ? 1 : 0])]);
}

function paramsOf(options: FloeOptions): Buffer {
  return Buffer.concat([be(0, 1), be(0, 1), be(options.segmentLength, 4), be(32, 4)]);
}

/** HKDF-Expand (RFC 5869) with SHA-384, one block: no output here is longer than 48 bytes. */
function kdf(
  options: FloeOptions,
  key: Uint8Array,
  iv: Buffer,
  purpose: Buffer,
  length: number,
): Buffer {
  const info = Buffer.concat([paramsOf(options), iv, purpose, options.aad]);
  const block = createHmac('sha384', key)
    .update(info)
    .update(Buffer.from([1]))
    .digest();
  return block.subarray(0, length);
}

function be(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes.subarray(8 - length);
}
