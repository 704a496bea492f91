import type { HeldLock } from '../../platform/fileLock.ts';

/** Small documents by key: manifests by digest, wraps by artifact id. */
export interface DocumentStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Buffer | undefined>;
  list(): Promise<string[]>;
  /** No error when it is not there. */
  remove(key: string): Promise<void>;
  /** Names a document in messages. */
  describe(key: string): string;
}

export interface TagKey {
  name: string;
  tag: string;
}

export interface TagStore {
  /** `version` changes with every write (an ETag). */
  get(key: TagKey): Promise<{ bytes: Buffer; version: string } | undefined>;
  /**
   * Writes when the tag is still at `expectedVersion` (null: absent).
   * @returns false when somebody wrote first; nothing is changed then.
   */
  swap(key: TagKey, bytes: Uint8Array, expectedVersion: string | null): Promise<boolean>;
  list(): Promise<TagKey[]>;
  remove(key: TagKey): Promise<void>;
  describe(key: TagKey): string;
}

export interface BlobStore {
  /**
   * Takes over a folder of fsynced blobs as the artifact's; the folder is gone afterwards. Does
   * nothing when the artifact is there already.
   */
  adopt(artifactId: string, folder: string): Promise<void>;
  /** A local file that holds the blob, which may be absent. */
  locate(artifactId: string, blob: string): string;
  /** Everything in the artifact's place, leftovers included. */
  list(artifactId: string): Promise<{ blob: string; bytes: number }[]>;
  artifacts(): Promise<string[]>;
  /** @returns bytes freed */
  remove(artifactId: string): Promise<number>;
  describe(artifactId: string, blob: string): string;
}

/**
 * Where artifacts live. It keeps bytes and knows nothing of keys, signatures or manifests: those
 * are checked by whoever reads. `test/conformance/artifactStore.ts` is what a driver must pass.
 */
export interface ArtifactStore {
  manifests: DocumentStore;
  wraps: DocumentStore;
  tags: TagStore;
  blobs: BlobStore;
  /** Runs alone among publishers, removers and sweepers. Not re-entrant. */
  withLock<T>(run: (lock: HeldLock) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Removes half-written files older than `olderThanMs`. @returns how many */
  removePartials(olderThanMs: number): Promise<number>;
}
