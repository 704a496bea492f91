import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';

export const key = randomBytes(32);
export const aad = Buffer.from('artifact and path');
/** Plaintext of a full segment of the default length. */
export const chunk = 2 ** 20 - 32;

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function sha256OfFile(path: string): string {
  return sha256(readFileSync(path));
}

export function writeRandom(path: string, bytes: number): Buffer {
  const content = randomBytes(bytes);
  writeFileSync(path, content);
  return content;
}

/** Takes no room on the disk, and long enough to read that a test can interfere. */
export function writeSparse(path: string, bytes: number): void {
  closeSync(openSync(path, 'w'));
  truncateSync(path, bytes);
}
