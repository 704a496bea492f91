import { createHash } from 'node:crypto';

/** One file of a plaintext tree: `/`-separated path and lower-case hex SHA-256. */
export interface TreeFile {
  path: string;
  sha256: string;
}

/** Name of the signature file inside a model's folder; it is not part of what it signs. */
export const signatureFile = 'model.sig';

/** What the `model_signing` library ignores by default, and the signature itself. */
export const ignoredPaths = [signatureFile, '.git', '.gitattributes', '.github', '.gitignore'];

/** Sorted as the `model_signing` library sorts: by path component, by code point. */
export function sortTree<T extends { path: string }>(files: readonly T[]): T[] {
  return [...files].sort((a, b) => comparePaths(a.path, b.path));
}

/**
 * Root digest over a tree: SHA-256 of the raw digests in the order of their paths, as hex
 * (`model_signing/_signing/signing.py`, Payload). This is the contentDigest of a model.
 */
export function rootDigest(files: readonly TreeFile[]): string {
  const hash = createHash('sha256');
  for (const { sha256 } of sortTree(files)) hash.update(Buffer.from(sha256, 'hex'));
  return hash.digest('hex');
}

function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    // UTF-8 order is code point order; JavaScript's own is not.
    const order = Buffer.compare(Buffer.from(left[i] ?? ''), Buffer.from(right[i] ?? ''));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
