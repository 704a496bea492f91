import { z } from 'zod';
import type { Pooling } from '../../workflows/contracts/backfill/request.ts';
import type { QuantizationMethod } from '../../workflows/contracts/ingest.ts';
import type { BridgeMethod } from './bridge.ts';

const kindSchema = z.enum(['encoder', 'causal-lm']);

/** Writes `modules` and `config`, absolute paths as all paths here. */
export const resolveModulesMethod: BridgeMethod<
  {
    inspection: string;
    modules: string;
    config: string;
    quantize: QuantizationMethod;
    doubleQuant: boolean;
    skipModules: string[] | null;
  },
  ResolvedModules
> = {
  name: 'resolveModules',
  result: z.object({
    quantizedModules: z.number().int().nonnegative(),
    droppedTensors: z.array(z.string()),
    kind: kindSchema,
    tools: z.record(z.string(), z.string()),
    seconds: z.number(),
  }),
};

export interface ResolvedModules {
  quantizedModules: number;
  droppedTensors: string[];
  kind: 'encoder' | 'causal-lm';
  tools: Record<string, string>;
  seconds: number;
}

/** Writes one shard of `plan` to `output`. */
export const quantizeShardMethod: BridgeMethod<
  { plan: string; index: number; inspection: string; output: string },
  { bytes: number; tensors: number; seconds: number }
> = {
  name: 'quantizeShard',
  result: z.object({
    bytes: z.number().int().nonnegative(),
    tensors: z.number().int().nonnegative(),
    seconds: z.number(),
  }),
};

/** Runs original and candidate on the calibration text; judging is the caller's. */
export const evaluateGateMethod: BridgeMethod<
  {
    inspection: string;
    candidate: string;
    kind: 'encoder' | 'causal-lm';
    calibration: string | null;
  },
  GateMeasurement
> = {
  name: 'evaluateGate',
  result: z.object({
    mean: z.number(),
    worst: z.number(),
    samples: z.number().int().positive(),
    perplexityIncrease: z.number().optional(),
    seconds: z.number(),
  }),
};

export interface GateMeasurement {
  /** Cosine (of sentences) or KL divergence (of tokens, nats). */
  mean: number;
  /** Worst sentence: lowest cosine, or highest mean KL divergence. */
  worst: number;
  samples: number;
  /** Causal language models only. */
  perplexityIncrease?: number;
  seconds: number;
}

/** Reads JSON strings, one a line, from `texts`; writes raw little-endian float32 rows to `output`. */
export const embedTextsMethod: BridgeMethod<
  {
    /** Folder of the warm copy; its model is kept between calls. */
    model: string;
    texts: string;
    output: string;
    pooling: Pooling;
    normalize: boolean;
    dimensions: number;
    /** Longer texts are cut. */
    maxTokens: number;
    batching: 'length-sorted' | 'fixed';
    /** Tokens a batch with padding; null: as suits the device. */
    tokenBudget: number | null;
    /** Texts of a fixed batch. */
    batchSize: number | null;
  },
  EmbedTextsResult
> = {
  name: 'embedTexts',
  result: z.object({
    texts: z.number().int().nonnegative(),
    tokens: z.number().int().nonnegative(),
    dimensions: z.number().int().positive(),
    refused: z.array(z.object({ index: z.number().int().nonnegative(), reason: z.string() })),
    notFinite: z.array(z.number().int().nonnegative()),
    seconds: z.number(),
  }),
};

/** Rows of refused texts and of vectors that are not finite are zeros. */
export interface EmbedTextsResult {
  texts: number;
  /** Special tokens included, padding not. */
  tokens: number;
  dimensions: number;
  refused: { index: number; reason: string }[];
  notFinite: number[];
  seconds: number;
}
