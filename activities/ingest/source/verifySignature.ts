import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { listedPaths } from '../../artifacts/oms/compareTree.ts';
import { openBundle } from '../../artifacts/oms/openBundle.ts';
import { verifyOmsBundle } from '../../artifacts/oms/verifyBundle.ts';
import { isAllowed, maxIndexBytes, signatureName } from './allowList.ts';
import type { KnownFile } from './identity.ts';
import { readSourceJson } from './readSmallFile.ts';

export interface SignedSource {
  /** `model.sig` of the source. */
  signature: KnownFile | undefined;
  /** What is read of the source, with the digests of the bytes that were read. */
  files: readonly (KnownFile & { sha256: string })[];
  /** Every allowed path of the folder. */
  present: readonly string[];
}

/**
 * Checks a source against its OpenSSF model signature: each file that is read must be signed as it
 * is, and no file of a model that was signed may be missing. What is left out needs no signature.
 * @throws BerthError SourceSignatureInvalid naming the file.
 */
export async function verifySignature(
  { signature, files, present }: SignedSource,
  publicKeyPem: string,
): Promise<void> {
  if (signature === undefined) {
    throw invalid(`${signatureName}: is missing, but a key to verify it with was given`);
  }
  const bundle = await readSourceJson(signature, maxIndexBytes);
  const byPath = new Map(files.map((file) => [file.path, file]));
  await verifyOmsBundle({
    bundle,
    publicKeyPem,
    complete: false,
    files: files.map(({ path, sha256, identity }) => ({ path, sha256, bytes: identity.size })),
    hashRange: async (path, start, end) => {
      const hash = createHash('sha256');
      const { realPath } = byPath.get(path) as KnownFile;
      for await (const block of createReadStream(realPath, { start, end: end - 1 })) {
        hash.update(block);
      }
      return hash.digest('hex');
    },
  });
  const listed = listedPaths(openBundle(bundle, publicKeyPem));
  const missing = [...listed].find((path) => isAllowed(path) && !present.includes(path));
  if (missing !== undefined) {
    throw invalid(`${missing}: is listed in ${signatureName}, but missing; download it`);
  }
}

function invalid(message: string): Error {
  return berthError('SourceSignatureInvalid', message);
}
