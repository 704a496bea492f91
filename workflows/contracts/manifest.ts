import type { GateReport, QuantizationMethod } from './ingest.ts';

export const manifestPayloadType = 'application/vnd.berth.manifest.v1+json';
export const tagPayloadType = 'application/vnd.berth.tag.v1+json';
export const formatVersion = 1;

/** DSSE envelope (secure-systems-lab/dsse, protocol v1). `payload` and `sig` are base64. */
export interface DsseEnvelope {
  payload: string;
  payloadType: string;
  signatures: { keyid: string; sig: string }[];
}

/** One encrypted file of an artifact. All digests are lower-case hex SHA-256. */
export interface ManifestFile {
  /** Path in the plaintext tree, with `/`. */
  path: string;
  plaintextBytes: number;
  plaintextSha256: string;
  ciphertextBytes: number;
  ciphertextSha256: string;
  /** Name of the blob inside the artifact's folder. */
  blob: string;
}

/** Signed description of one immutable model version; its SHA-256 is the version's digest. */
export interface Manifest {
  formatVersion: number;
  artifactId: string;
  name: string;
  /** OMS root digest of the plaintext tree: the only name of a model in caches and reuse. */
  contentDigest: string;
  /** contentDigest of the version that the tag named before, if any. */
  parent: string | null;
  /** ISO 8601, from the workflow's clock, so that a retry writes the same bytes. */
  createdAt: string;
  workflow: { workflowId: string; runId: string };
  source: {
    files: number;
    bytes: number;
    listingSha256: string;
    leftOut: string[];
    droppedTensors: string[];
  };
  quantization: {
    method: QuantizationMethod;
    doubleQuant: boolean;
    quantizedModules: number;
    skippedModules: string[];
  };
  shards: number;
  /** Versions of everything that shaped the bytes: berth, bitsandbytes, torch, transformers, … */
  tools: Record<string, string>;
  gate: GateReport | null;
  files: ManifestFile[];
  /** OMS bundle over the plaintext tree, written as `model.sig` next to it when warmed. */
  omsBundle: unknown;
}

/** A data key wrapped by one key-encryption key. AAD = artifactId ‖ kekId ‖ alg, length-prefixed. */
export interface Wrap {
  provider: string;
  kekId: string;
  alg: 'A256GCM';
  iv: string;
  ct: string;
  tag: string;
}

export interface WrapsFile {
  artifactId: string;
  wraps: Wrap[];
}

/** A signed pointer from a tag to a version. Sequences only grow. */
export interface TagRecord {
  name: string;
  tag: string;
  digest: string;
  sequence: number;
  updatedAt: string;
}
