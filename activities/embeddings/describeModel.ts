import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddingSpec, Pooling } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import {
  invalidModel,
  type ModelConfig,
  modelConfigSchema,
  modulesSchema,
  promptsSchema,
  readModelJson,
  sentenceConfigSchema,
  tokenizerConfigSchema,
  unsupportedModel,
} from './modelFiles.ts';
import { describePooling } from './poolingConfig.ts';

/** null: as the model's own files say. */
export interface EmbeddingOverrides {
  pooling: Pooling | null;
  normalize: boolean | null;
  dimensions: number | null;
}

export interface ModelDescription {
  embedding: Omit<EmbeddingSpec, 'contentDigest'>;
  /** Absolute path of tokenizer.json; null: it has none that a splitter could use. */
  tokenizer: string | null;
}

/** Longest input of a model that names no limit, tokens. */
const defaultMaxTokens = 512;
/** Their position table begins after the padding index, hence two fewer. */
const offsetPositions = /roberta|camembert|mpnet|longformer|xmod|data2vec-text/;

/**
 * How a model embeds, by the files that sentence-transformers reads (modules.json, 1_Pooling,
 * sentence_bert_config.json) and transformers' own; without the former, the mean of all tokens of an
 * encoder and the last token of a decoder, normalised.
 * @throws BerthError InvalidModel, UnsupportedModel (modules or prompts that Berth does not apply),
 *   DimensionMismatch
 */
export async function describeModel(
  folder: string,
  overrides: EmbeddingOverrides,
): Promise<ModelDescription> {
  const config = await readModelJson(folder, 'config.json', modelConfigSchema);
  if (config === undefined) throw invalidModel(folder, 'has no config.json');
  const modules = await readModules(folder);
  await refusePrompts(folder);
  const pooling =
    overrides.pooling ??
    (modules?.pooling === undefined
      ? defaultPooling(config)
      : await describePooling(folder, modules.pooling));
  const tokenizer = join(folder, 'tokenizer.json');
  return {
    embedding: {
      pooling,
      normalize: overrides.normalize ?? modules?.normalize ?? true,
      dimensions: dimensionsOf(folder, config, overrides.dimensions),
      maxTokens: await maxTokensOf(folder, config),
    },
    tokenizer: existsSync(tokenizer) ? tokenizer : null,
  };
}

/** undefined: it is not laid out for sentence-transformers. */
async function readModules(folder: string) {
  const modules = await readModelJson(folder, 'modules.json', modulesSchema);
  if (modules === undefined) return undefined;
  let pooling: string | undefined;
  let normalize = false;
  for (const { path, type } of modules) {
    const name = type.split('.').at(-1);
    if (name === 'Pooling') pooling = path;
    else if (name === 'Normalize') normalize = true;
    else if (name !== 'Transformer') {
      throw unsupportedModel(
        folder,
        `modules.json: ${path}: module ${name} is not applied, so its vectors would differ; expected Transformer, Pooling and Normalize`,
      );
    }
  }
  return { pooling, normalize };
}

async function refusePrompts(folder: string): Promise<void> {
  const name = 'config_sentence_transformers.json';
  const config = await readModelJson(folder, name, promptsSchema);
  const chosen = config?.default_prompt_name;
  if (chosen && config?.prompts?.[chosen]) {
    throw unsupportedModel(
      folder,
      `${name}: default_prompt_name ${JSON.stringify(chosen)} puts words before every text, which is not applied`,
    );
  }
}

function defaultPooling({ architectures }: ModelConfig): Pooling {
  // Only a decoder's last token has seen all others.
  return architectures?.some((name) => name.endsWith('ForCausalLM')) ? 'last' : 'mean';
}

function dimensionsOf(folder: string, config: ModelConfig, wanted: number | null): number {
  const text = config.text_config ?? config;
  const own = text.hidden_size ?? text.dim ?? text.d_model ?? text.n_embd;
  if (own === undefined) throw invalidModel(folder, 'config.json: has no hidden_size');
  if (wanted !== null && (!Number.isInteger(wanted) || wanted < 1 || wanted > own)) {
    throw berthError(
      'DimensionMismatch',
      `${folder}: gives vectors of ${own} dimensions, which cannot be cut to ${wanted}; choose 1 to ${own}`,
    );
  }
  return wanted ?? own;
}

async function maxTokensOf(folder: string, config: ModelConfig): Promise<number> {
  const sentence = await readModelJson(folder, 'sentence_bert_config.json', sentenceConfigSchema);
  const tokenizer = await readModelJson(folder, 'tokenizer_config.json', tokenizerConfigSchema);
  const positions = (config.text_config ?? config).max_position_embeddings;
  const table =
    positions === undefined || !offsetPositions.test(config.model_type) ? positions : positions - 2;
  // sentence-transformers takes its own limit when there is one, and never more than there are positions.
  const limits = [sentence?.max_seq_length ?? tokenizer?.model_max_length, table].filter(
    (limit) => limit !== undefined && limit !== null && limit < 1e9,
  ) as number[];
  const found = limits.length === 0 ? defaultMaxTokens : Math.floor(Math.min(...limits));
  if (found < 3) throw invalidModel(folder, `takes ${found} tokens at most, expected 3 or more`);
  return found;
}
