import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';

/**
 * The files of a Hugging Face or sentence-transformers folder that say how a model embeds; all of
 * them belong to what an ingest carries (activities/ingest/source/allowList.ts).
 */
const count = z.number().int().positive();

const textConfigSchema = z.looseObject({
  hidden_size: count.optional(),
  /** DistilBERT, XLNet and others name it so. */
  dim: count.optional(),
  d_model: count.optional(),
  n_embd: count.optional(),
  max_position_embeddings: count.optional(),
});

export const modelConfigSchema = textConfigSchema.extend({
  model_type: z.string(),
  architectures: z.array(z.string()).nullish(),
  text_config: textConfigSchema.optional(),
});
export type ModelConfig = z.infer<typeof modelConfigSchema>;

export const modulesSchema = z.array(z.looseObject({ path: z.string(), type: z.string() }));

export const poolingSchema = z.looseObject({
  /** Since sentence-transformers 5.2; before, one flag a mode. */
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  pooling_mode_cls_token: z.boolean().optional(),
  pooling_mode_mean_tokens: z.boolean().optional(),
  pooling_mode_max_tokens: z.boolean().optional(),
  pooling_mode_mean_sqrt_len_tokens: z.boolean().optional(),
  pooling_mode_weightedmean_tokens: z.boolean().optional(),
  pooling_mode_lasttoken: z.boolean().optional(),
});
export type PoolingConfig = z.infer<typeof poolingSchema>;

export const sentenceConfigSchema = z.looseObject({ max_seq_length: count.nullish() });

export const promptsSchema = z.looseObject({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
});

export const tokenizerConfigSchema = z.looseObject({
  /** 1e30 stands for none. */
  model_max_length: z.number().positive().nullish(),
});

/** @returns undefined when it does not exist. @throws BerthError InvalidModel naming file and field */
export async function readModelJson<T>(
  folder: string,
  name: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalidModel(folder, `${name}: cannot be read: ${(error as Error).message}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidModel(folder, `${name}: not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidModel(folder, `${name}: ${issue?.path.join('.')}: ${issue?.message}`);
}

export function invalidModel(folder: string, what: string): Error {
  return berthError('InvalidModel', `${folder}: ${what}; ingest a complete model`);
}

export function unsupportedModel(folder: string, what: string): Error {
  return berthError('UnsupportedModel', `${folder}: ${what}`);
}
