import { z } from 'zod';

/**
 * What the ingest activities leave for each other in `staging/<artifactId>/`. Large lists stay
 * here, on the host; only summaries travel through Temporal.
 */

/** Says whether a file is still the one that was inspected; ctime cannot be set by a user. */
export const fileIdentitySchema = z.object({
  dev: z.string(),
  ino: z.string(),
  size: z.number().int().nonnegative(),
  mtimeNs: z.string(),
  ctimeNs: z.string(),
});
export type FileIdentity = z.infer<typeof fileIdentitySchema>;

export const sourceFileSchema = z.object({
  /** Path inside the model folder, `/`-separated. */
  path: z.string(),
  /** Where the bytes are, symlinks resolved. */
  realPath: z.string(),
  role: z.enum(['weights', 'index', 'config', 'carried']),
  sha256: z.string(),
  identity: fileIdentitySchema,
});
export type SourceFile = z.infer<typeof sourceFileSchema>;

export const sourceTensorSchema = z.object({
  name: z.string(),
  /** safetensors dtype, such as BF16. */
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  /** SourceFile.path of the file that holds it. */
  file: z.string(),
  /** Absolute offset of its first byte in that file. */
  offset: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
});
export type SourceTensor = z.infer<typeof sourceTensorSchema>;

export const inspectionSchema = z.object({
  source: z.string(),
  files: z.array(sourceFileSchema),
  tensors: z.array(sourceTensorSchema),
  leftOut: z.array(z.string()),
  sourceBytes: z.number(),
});
export type Inspection = z.infer<typeof inspectionSchema>;

/** How transformers would build and quantize this model; written by the bridge. */
export const modulesSchema = z.object({
  /** Reference class, such as BertModel. */
  architecture: z.string(),
  kind: z.enum(['encoder', 'causal-lm']),
  /** dtype that the reference loads with (`dtype='auto'`), torch's name, such as bfloat16. */
  dtype: z.string(),
  /**
   * The required key set of the output's plain weights: every parameter and persistent buffer that
   * save_pretrained keeps, with the source tensor that feeds it.
   */
  weights: z.array(
    z.object({
      key: z.string(),
      source: z.string(),
      /** `keep`: cast to `dtype` (a safetensors name) where the source has another. */
      action: z.enum(['keep', 'int8', 'nf4', 'fp4']),
      dtype: z.string(),
      /** Shape after transposing, [out, in] for quantized ones. */
      shape: z.array(z.number().int().nonnegative()),
      /** Stored [in, out] (GPT-2 Conv1D). */
      transposed: z.boolean(),
    }),
  ),
  droppedTensors: z.array(z.string()),
  skippedModules: z.array(z.string()),
  doubleQuant: z.boolean(),
  tools: z.record(z.string(), z.string()),
});
export type Modules = z.infer<typeof modulesSchema>;

export const plannedTensorSchema = modulesSchema.shape.weights.element.extend({
  /** Tensors that it becomes, the weight and its quantization state; bytes are upper bounds. */
  outputs: z.array(
    z.object({
      name: z.string(),
      dtype: z.string(),
      shape: z.array(z.number().int().nonnegative()),
      maxBytes: z.number().int().nonnegative(),
    }),
  ),
  /** Where its source bytes are. */
  from: sourceTensorSchema,
});
export type PlannedTensor = z.infer<typeof plannedTensorSchema>;

export const shardPlanSchema = z.object({
  quantize: z.enum(['none', 'int8', 'nf4', 'fp4']),
  doubleQuant: z.boolean(),
  shards: z.array(
    z.object({
      index: z.number().int().nonnegative(),
      /** `model.safetensors` or `model-0000i-of-0000n.safetensors`. */
      file: z.string(),
      tensors: z.array(plannedTensorSchema),
      sourceBytes: z.number().int().nonnegative(),
      maxBytes: z.number().int().nonnegative(),
    }),
  ),
  /** Files beside the shards, in the order of their paths. */
  carried: z.array(z.object({ path: z.string(), realPath: z.string() })),
});
export type ShardPlan = z.infer<typeof shardPlanSchema>;

/** Proof that one file of the artifact is in staging, encrypted and fsynced. */
export const sealedFileSchema = z.object({
  path: z.string(),
  blob: z.string(),
  plaintextBytes: z.number().int().nonnegative(),
  plaintextSha256: z.string(),
  ciphertextBytes: z.number().int().nonnegative(),
  ciphertextSha256: z.string(),
  /** Shards only: what the file holds, for the index. */
  tensors: z
    .array(z.object({ name: z.string(), bytes: z.number().int().nonnegative() }))
    .optional(),
});
export type SealedFile = z.infer<typeof sealedFileSchema>;
