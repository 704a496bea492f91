import type { Manifest } from '../../workflows/contracts/manifest.ts';

/** One version in the store. Sizes are bytes. */
export interface ModelSummary {
  name: string;
  /** Tags that name it now. */
  tags: string[];
  /** `name@sha256:<digest>` */
  artifact: string;
  digest: string;
  contentDigest: string;
  /** ISO 8601 */
  createdAt: string;
  quantize: Manifest['quantization']['method'];
  doubleQuant: boolean;
  sourceBytes: number;
  /** Of the plaintext tree that a consumer maps. */
  modelBytes: number;
  /** Of the ciphertext in the store. */
  storedBytes: number;
  shards: number;
}

/** What `models` found. */
export interface ModelListing {
  /** Verified versions, newest first. */
  models: ModelSummary[];
  /** Tags and manifests that cannot be believed, and why; one line each. */
  problems: { what: string; problem: string }[];
}

/** A version with everything that its signed manifest says, except the signature bundle. */
export interface ModelDetails extends ModelSummary {
  manifest: Omit<Manifest, 'omsBundle'>;
}

export function summarizeModel(manifest: Manifest, digest: string, tags: string[]): ModelSummary {
  const sum = (measure: (file: Manifest['files'][number]) => number) =>
    manifest.files.reduce((total, file) => total + measure(file), 0);
  return {
    name: manifest.name,
    tags: [...tags].sort(),
    artifact: `${manifest.name}@sha256:${digest}`,
    digest,
    contentDigest: manifest.contentDigest,
    createdAt: manifest.createdAt,
    quantize: manifest.quantization.method,
    doubleQuant: manifest.quantization.doubleQuant,
    sourceBytes: manifest.source.bytes,
    modelBytes: sum((file) => file.plaintextBytes),
    storedBytes: sum((file) => file.ciphertextBytes),
    shards: manifest.shards,
  };
}

export function detailModel(manifest: Manifest, digest: string, tags: string[]): ModelDetails {
  const { omsBundle: _, ...rest } = manifest;
  return { ...summarizeModel(manifest, digest, tags), manifest: rest };
}
