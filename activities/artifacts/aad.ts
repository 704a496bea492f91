import { formatVersion } from '../../workflows/contracts/manifest.ts';
import { lengthPrefixed } from './lengthPrefixed.ts';

/**
 * FLOE associated data of one blob: artifact id ‖ path ‖ format version ‖ plaintext length, so that
 * no blob can stand in for another, under another name, length or artifact.
 */
export function blobAad(artifactId: string, path: string, plaintextBytes: number): Buffer {
  const version = Buffer.alloc(4);
  version.writeUInt32BE(formatVersion);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(plaintextBytes));
  return lengthPrefixed(artifactId, path, version, length);
}

/** Associated data of a wrapped data key: artifact id ‖ kek id ‖ algorithm. */
export function wrapAad(artifactId: string, kekId: string, alg: string): Buffer {
  return lengthPrefixed(artifactId, kekId, alg);
}
