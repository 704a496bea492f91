import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeModel } from '../../../activities/embeddings/describeModel.ts';
import { isAllowed } from '../../../activities/ingest/source/allowList.ts';
import { folderForTest, writeFiles } from '../../support/modelFolder.ts';

const plain = { pooling: null, normalize: null, dimensions: null };
const bert = { model_type: 'bert', architectures: ['BertModel'], hidden_size: 384 };
const module = (path: string, type: string) => ({
  path,
  type: `sentence_transformers.models.${type}`,
});
const modules = [module('', 'Transformer'), module('1_Pooling', 'Pooling')];

/** A folder of JSON files; text stays as it is. */
async function describe(files: Record<string, unknown>, overrides = plain) {
  const folder = await folderForTest();
  const texts = Object.entries(files).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  await writeFiles(folder, Object.fromEntries(texts));
  return { folder, description: await describeModel(folder, overrides) };
}

const embeddingOf = async (files: Record<string, unknown>, overrides = plain) =>
  (await describe(files, overrides)).description.embedding;

test('all-MiniLM-L6-v2, by the files that an ingest carries', async () => {
  const files = {
    'config.json': { ...bert, max_position_embeddings: 512 },
    'modules.json': [...modules, module('2_Normalize', 'Normalize')],
    '1_Pooling/config.json': { pooling_mode_cls_token: false, pooling_mode_mean_tokens: true },
    'sentence_bert_config.json': { max_seq_length: 256, do_lower_case: false },
    'tokenizer_config.json': { model_max_length: 512 },
    'tokenizer.json': '{}',
  };
  expect(Object.keys(files).filter((path) => !isAllowed(path))).toEqual([]);
  const { folder, description } = await describe(files);
  expect(description).toEqual({
    embedding: { pooling: 'mean', normalize: true, dimensions: 384, maxTokens: 256 },
    tokenizer: join(folder, 'tokenizer.json'),
  });
});

test('no more than config.json: the mean of an encoder, the last token of a decoder', async () => {
  const { description } = await describe({ 'config.json': bert });
  expect(description).toEqual({
    embedding: { pooling: 'mean', normalize: true, dimensions: 384, maxTokens: 512 },
    tokenizer: null,
  });
  const qwen = { model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'], hidden_size: 1024 };
  const files = {
    'config.json': { ...qwen, max_position_embeddings: 32768 },
    'tokenizer_config.json': { model_max_length: 131072 },
  };
  expect(await embeddingOf(files)).toMatchObject({ pooling: 'last', maxTokens: 32768 });
  const text = {
    model_type: 'gemma4',
    text_config: { hidden_size: 768, max_position_embeddings: 2048 },
  };
  expect(await embeddingOf({ 'config.json': text })).toMatchObject({
    dimensions: 768,
    maxTokens: 2048,
  });
  const distil = { model_type: 'distilbert', dim: 512 };
  expect(await embeddingOf({ 'config.json': distil })).toMatchObject({ dimensions: 512 });
});

test('modules without Normalize leave vectors as they are; a person has the last word', async () => {
  const files = {
    'config.json': bert,
    'modules.json': modules,
    '1_Pooling/config.json': { pooling_mode: 'cls' },
  };
  expect(await embeddingOf(files)).toMatchObject({ pooling: 'cls', normalize: false });
  const overrides = { pooling: 'last', normalize: true, dimensions: 64 } as const;
  expect(await describeWith(files, overrides)).toMatchObject(overrides);
});

const describeWith = (files: Record<string, unknown>, overrides: object) =>
  embeddingOf(files, { ...plain, ...overrides });

test('positions after the padding index, and limits that are none', async () => {
  const roberta = { ...bert, model_type: 'xlm-roberta', max_position_embeddings: 514 };
  const files = { 'config.json': roberta, 'tokenizer_config.json': { model_max_length: 1e30 } };
  expect(await embeddingOf(files)).toMatchObject({ maxTokens: 512 });
});

test.each<[string, Record<string, unknown>, string, RegExp]>([
  ['no config', { 'tokenizer.json': '{}' }, 'InvalidModel', /has no config\.json/],
  ['no JSON', { 'config.json': '{' }, 'InvalidModel', /config\.json: not JSON/],
  ['no width', { 'config.json': { model_type: 'bert' } }, 'InvalidModel', /has no hidden_size/],
  [
    'a width that is none',
    { 'config.json': { ...bert, hidden_size: '384' } },
    'InvalidModel',
    /config\.json: hidden_size: /,
  ],
  [
    'a list of modules that is none',
    { 'config.json': bert, 'modules.json': { a: 1 } },
    'InvalidModel',
    /modules\.json: /,
  ],
  [
    'a pooling that is missing',
    { 'config.json': bert, 'modules.json': modules },
    'InvalidModel',
    /1_Pooling.config\.json is missing/,
  ],
  [
    'another pooling',
    {
      'config.json': bert,
      'modules.json': modules,
      '1_Pooling/config.json': { pooling_mode_max_tokens: true },
    },
    'UnsupportedModel',
    /pooling max is not supported; choose/,
  ],
  [
    'two poolings',
    {
      'config.json': bert,
      'modules.json': modules,
      '1_Pooling/config.json': { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true },
    },
    'UnsupportedModel',
    /pooling cls and mean is/,
  ],
  [
    'a further layer',
    { 'config.json': bert, 'modules.json': [...modules, module('2_Dense', 'Dense')] },
    'UnsupportedModel',
    /2_Dense: module Dense is not applied/,
  ],
  [
    'words before every text',
    {
      'config.json': bert,
      'config_sentence_transformers.json': {
        prompts: { document: 'passage: ' },
        default_prompt_name: 'document',
      },
    },
    'UnsupportedModel',
    /default_prompt_name "document"/,
  ],
])('%s is refused in one line', async (_, files, type, message) => {
  await expect(describe(files)).rejects.toMatchObject({
    type,
    message: expect.stringMatching(message),
  });
  await expect(describe(files)).rejects.toMatchObject({
    message: expect.not.stringContaining('\n'),
  });
});

test.each([385, 0, 1.5])('%s dimensions of 384 are refused', async (dimensions) => {
  await expect(describeWith({ 'config.json': bert }, { dimensions })).rejects.toMatchObject({
    type: 'DimensionMismatch',
    message: expect.stringMatching(/vectors of 384 dimensions.*choose 1 to 384/),
  });
});
