import { berthError } from '../../../workflows/contracts/errors.ts';
import {
  type CheckedFile,
  compareTree,
  type FileFailure,
  type HashRange,
  listedPaths,
} from './compareTree.ts';
import { BundleError, openBundle } from './openBundle.ts';
import { signatureFile } from './resources.ts';

export interface VerifyOmsInput {
  /** Parsed JSON of the bundle (`model.sig`). */
  bundle: unknown;
  publicKeyPem: string;
  /** The files that are read, with the digests of the bytes that were read. */
  files: readonly CheckedFile[];
  /** Needed for bundles of method `shards`. */
  hashRange?: HashRange;
  /**
   * false when `files` is only a part of the signed tree: what the signature lists beyond it is
   * then no failure. Default true.
   */
  complete?: boolean;
}

/** Checks a bundle against a tree. @returns every failure; none when all of it verifies. */
export async function checkOmsBundle(input: VerifyOmsInput): Promise<FileFailure[]> {
  try {
    const statement = openBundle(input.bundle, input.publicKeyPem);
    const failures = await compareTree(statement, input.files, input.hashRange);
    if (input.complete === false) return failures;
    const present = new Set(input.files.map(({ path }) => path));
    const missing = [...listedPaths(statement)].filter((path) => !present.has(path));
    return [
      ...failures,
      ...missing.map((file) => ({ file, reason: 'is listed in the signature, but missing' })),
    ];
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return [{ file: signatureFile, reason: error.message }];
  }
}

/**
 * Verifies a supplied OpenSSF Model Signing bundle (ECDSA P-256, P-384, P-521; methods files and
 * shards).
 * @throws BerthError SourceSignatureInvalid naming the first file that fails, and why.
 */
export async function verifyOmsBundle(input: VerifyOmsInput): Promise<void> {
  const failures = await checkOmsBundle(input);
  const first = failures[0];
  if (first === undefined) return;
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
  throw berthError('SourceSignatureInvalid', `${first.file}: ${first.reason}${more}`);
}
