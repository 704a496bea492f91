import { createHash } from 'node:crypto';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import {
  artifactIdPattern,
  modelNamePattern,
  sha256Pattern,
} from '../../workflows/contracts/ids.ts';
import {
  formatVersion,
  type Manifest,
  manifestPayloadType,
} from '../../workflows/contracts/manifest.ts';
import { openEnvelope, signEnvelope } from './signing/dsse.ts';
import type { SigningKey } from './signing/signingKey.ts';
import type { Trust } from './signing/trust.ts';
import { isTreePath } from './treePath.ts';

const bytes = z.number().int().nonnegative();
const sha256 = z.string().regex(sha256Pattern);

const fileSchema = z.strictObject({
  path: z.string().refine(isTreePath, 'no plain relative path'),
  plaintextBytes: bytes,
  plaintextSha256: sha256,
  ciphertextBytes: bytes,
  ciphertextSha256: sha256,
  blob: z.string().regex(/^[0-9a-z]{1,64}$/),
});

const manifestSchema: z.ZodType<Manifest> = z.strictObject({
  formatVersion: z.literal(formatVersion),
  artifactId: z.string().regex(artifactIdPattern),
  name: z.string().regex(modelNamePattern),
  contentDigest: sha256,
  parent: sha256.nullable(),
  createdAt: z.iso.datetime(),
  workflow: z.strictObject({ workflowId: z.string(), runId: z.string() }),
  source: z.strictObject({
    files: bytes,
    bytes,
    listingSha256: z.string(),
    leftOut: z.array(z.string()),
    droppedTensors: z.array(z.string()),
  }),
  quantization: z.strictObject({
    method: z.enum(['none', 'int8', 'nf4', 'fp4']),
    doubleQuant: z.boolean(),
    quantizedModules: bytes,
    skippedModules: z.array(z.string()),
  }),
  shards: bytes,
  tools: z.record(z.string(), z.string()),
  gate: z
    .strictObject({
      metric: z.enum(['cosine', 'kl']),
      mean: z.number(),
      min: z.number(),
      threshold: z.number(),
      passed: z.boolean(),
      samples: bytes,
      perplexityIncrease: z.number().optional(),
      perplexityThreshold: z.number().optional(),
    })
    .nullable(),
  files: z.array(fileSchema).min(1),
  omsBundle: z.unknown(),
});

/** A manifest whose signature, form and digest were checked. */
export interface OpenedManifest {
  manifest: Manifest;
  /** Lower-case hex SHA-256 of the signed payload. */
  digest: string;
}

export function signManifest(manifest: Manifest, key: SigningKey): Buffer {
  return signEnvelope(manifestPayloadType, manifest, key);
}

/**
 * Opens a manifest file.
 * @param expectedDigest what its payload must hash to; undefined to take what it is.
 * @throws BerthError SignatureInvalid or ArtifactCorrupt naming `file`.
 */
export async function openManifest(
  file: string,
  data: Uint8Array,
  trust: Trust,
  expectedDigest?: string,
): Promise<OpenedManifest> {
  const { payload, value } = await openEnvelope(file, data, manifestPayloadType, trust);
  const digest = createHash('sha256').update(payload).digest('hex');
  if (expectedDigest !== undefined && digest !== expectedDigest) {
    throw berthError(
      'ArtifactCorrupt',
      `${file}: holds manifest ${digest}, expected ${expectedDigest}; it was swapped`,
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw berthError('ArtifactCorrupt', `${file}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { files } = parsed.data;
  for (const key of ['path', 'blob'] as const) {
    if (new Set(files.map((entry) => entry[key])).size !== files.length) {
      throw berthError('ArtifactCorrupt', `${file}: lists a ${key} twice`);
    }
  }
  return { manifest: parsed.data, digest };
}

/** Bytes of the plaintext tree, `model.sig` not counted. */
export function modelBytes({ files }: Pick<Manifest, 'files'>): number {
  return files.reduce((sum, file) => sum + file.plaintextBytes, 0);
}

export function storedBytes({ files }: Pick<Manifest, 'files'>): number {
  return files.reduce((sum, file) => sum + file.ciphertextBytes, 0);
}
