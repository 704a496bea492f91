import type { Wrap } from '../../../workflows/contracts/manifest.ts';

/** What a provider adds to a wrap: base64 of AES-256-GCM's nonce, ciphertext and tag. */
export type WrappedKey = Pick<Wrap, 'iv' | 'ct' | 'tag'>;

/**
 * Holds a key-encryption key (KEK) and wraps data keys with it. Another kind (TPM, Vault) is one
 * file that implements this and its entry where providers are listed. Errors are BerthError
 * KeyUnavailable (no key, or another key) and ArtifactCorrupt (the wrap was altered).
 */
export interface KeyProvider {
  /** Stands in `Wrap.provider`, such as `keyfile`. */
  readonly name: string;
  /** Identifies the KEK without telling anything about it; makes the KEK on first use. */
  kekId(): Promise<string>;
  /** `aad` is bound to the wrap: unwrapping needs the same bytes. */
  wrap(dataKey: Uint8Array, aad: Uint8Array): Promise<WrappedKey>;
  /** The caller wipes what it gets. */
  unwrap(wrap: Wrap, aad: Uint8Array): Promise<Buffer>;
}
