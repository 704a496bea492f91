import { describe, expect, test } from 'vitest';
import { checkConfigs } from '../../../activities/ingest/source/checkConfigs.ts';
import { inspectWeights } from '../../../activities/ingest/source/inspectWeights.ts';
import { listSource } from '../../../activities/ingest/source/listSource.ts';
import { selectFiles } from '../../../activities/ingest/source/selectFiles.ts';
import { modelFolder, shardedFiles } from '../../support/modelFolder.ts';
import { float32, rawSafetensors, safetensorsFile } from '../../support/safetensorsFile.ts';

type Files = Record<string, string | Uint8Array | undefined>;

async function select(files: Files, strict = false) {
  const listing = await listSource(await modelFolder(files), { sources: [] });
  const selection = await selectFiles(listing, { strict });
  await checkConfigs(selection.files, 'none');
  return { ...selection, ...(await inspectWeights(selection)) };
}

const roles = ({ files }: Awaited<ReturnType<typeof select>>) =>
  Object.fromEntries(files.map(({ path, role }) => [path, role]));
const refusal = (type: string, message: RegExp) => ({
  type,
  message: expect.stringMatching(new RegExp(`^(?=[^\\n]+$).*${message.source}`)),
});
const index = 'model.safetensors.index.json';
const withIndex = (weightMap: unknown): Files => ({
  ...shardedFiles(),
  [index]: JSON.stringify({ weight_map: weightMap }),
});

describe('a model is', () => {
  test('a single file with what belongs to it', async () => {
    const selection = await select({
      'model.fp16.safetensors': 'not read',
      'pytorch_model.bin': 'not read',
      'model.sig': 'not carried',
      'vocab.txt': 'a',
    });
    expect(roles(selection)).toEqual({
      'config.json': 'config',
      'model.safetensors': 'weights',
      'tokenizer.json': 'carried',
      'vocab.txt': 'carried',
    });
    expect(selection.leftOut).toEqual(['model.fp16.safetensors', 'pytorch_model.bin']);
    expect(selection.signature?.path).toBe('model.sig');
    expect(selection.tensors.map(({ name, file, shape }) => [name, file, shape])).toEqual([
      ['a.weight', 'model.safetensors', [4, 8]],
      ['a.bias', 'model.safetensors', [4]],
    ]);
  });

  test('the files of an index; consolidated ones are left out', async () => {
    const selection = await select({ ...shardedFiles(), 'consolidated.safetensors': 'not read' });
    expect(roles(selection)).toMatchObject({
      [index]: 'index',
      'model-00001-of-00002.safetensors': 'weights',
      'model-00002-of-00002.safetensors': 'weights',
    });
    expect(selection.leftOut).toEqual(['consolidated.safetensors']);
    expect(selection.tensors.map(({ name }) => name)).toEqual(['a.weight', 'b.weight', 'b.bias']);
  });

  test('with the module folders that modules.json names', async () => {
    const modules = [
      { idx: 0, path: '', type: 'sentence_transformers.models.Transformer' },
      { idx: 1, path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
      { idx: 2, path: '2_Dense', type: 'sentence_transformers.models.Dense' },
      { idx: 3, path: '3_Normalize', type: 'sentence_transformers.models.Normalize' },
    ];
    const selection = await select({
      'modules.json': JSON.stringify(modules),
      '1_Pooling/config.json': '{}',
      '2_Dense/config.json': '{}',
      '2_Dense/model.safetensors': safetensorsFile({ linear: float32([2, 2]) }),
      '4_Other/config.json': '{"auto_map":{}}',
    });
    expect(roles(selection)).toMatchObject({
      '1_Pooling/config.json': 'carried',
      '2_Dense/model.safetensors': 'carried',
    });
    expect(selection.leftOut).toEqual(['4_Other/config.json']);
    expect(selection.tensors.map(({ name }) => name)).not.toContain('linear');
    expect(selection.byFile.get('2_Dense/model.safetensors')).toHaveLength(1);
  });
});

describe('refused: weights', () => {
  const first = 'model-00001-of-00002.safetensors';
  const second = 'model-00002-of-00002.safetensors';
  const sound = { 'a.weight': first, 'b.weight': second, 'b.bias': second };
  const cases: [string, Files, string, RegExp][] = [
    [
      'without index',
      { ...shardedFiles(), [index]: undefined },
      'InvalidModel',
      /index\.json: is missing/,
    ],
    [
      'under another name',
      { 'model.safetensors': undefined, 'weights.safetensors': safetensorsFile({}) },
      'InvalidModel',
      /weights\.safetensors: expected the weights as model\.safetensors/,
    ],
    [
      'missing',
      { ...shardedFiles(), [second]: undefined },
      'InvalidModel',
      /names model-00002-of-00002\.safetensors, which is missing/,
    ],
    [
      'beside a stale single file',
      { ...shardedFiles(), 'model.safetensors': safetensorsFile({}) },
      'InvalidModel',
      /does not name model\.safetensors; remove/,
    ],
    [
      'beside a shard of another save',
      { ...shardedFiles(), 'model-00003-of-00003.safetensors': safetensorsFile({}) },
      'InvalidModel',
      /does not name model-00003-of-00003\.safetensors/,
    ],
    [
      'in a parent folder',
      withIndex({ x: '../x.safetensors' }),
      'UnsafeSource',
      /names "\.\.\/x\.safetensors"/,
    ],
    [
      'at an absolute path',
      withIndex({ x: '/x.safetensors' }),
      'UnsafeSource',
      /weight_map\["x"\] names "\/x/,
    ],
    [
      'by a backslash',
      withIndex({ x: '..\\x.safetensors' }),
      'UnsafeSource',
      /expected a relative path/,
    ],
    ['in a subfolder', withIndex({ x: 'onnx/x.safetensors' }), 'UnsafeSource', /beside the index/],
    [
      'as pickle',
      withIndex({ x: 'pytorch_model.bin' }),
      'UnsafeSource',
      /expected a \.safetensors file/,
    ],
    ['as a number', withIndex({ x: 1 }), 'InvalidModel', /expected a file name/],
    ['as an empty map', withIndex({}), 'InvalidModel', /expected weight_map/],
    ['as no map', { ...shardedFiles(), [index]: '[]' }, 'InvalidModel', /expected a JSON object/],
    [
      'with a duplicate tensor',
      { ...shardedFiles(), [index]: `{"weight_map":{"a":"${first}","a":"${second}"}}` },
      'InvalidModel',
      /duplicate key "a"/,
    ],
    [
      'naming __proto__',
      { ...shardedFiles(), [index]: '{"weight_map":{"__proto__":"x"}}' },
      'InvalidModel',
      /__proto__/,
    ],
    [
      'in the wrong file',
      withIndex({ ...sound, 'b.bias': first }),
      'InvalidModel',
      /"b\.bias" is in model-00001.*but it is in model-00002/,
    ],
    [
      'that no file holds',
      withIndex({ ...sound, c: first }),
      'InvalidModel',
      /"c" is in .*no file holds it/,
    ],
    [
      'that the index does not name',
      withIndex({ 'a.weight': first, 'b.weight': second }),
      'InvalidModel',
      /does not name tensor "b\.bias" of model-00002/,
    ],
    [
      'twice',
      {
        ...shardedFiles(),
        [second]: safetensorsFile({
          'a.weight': float32([1]),
          'b.weight': float32([1]),
          'b.bias': float32([1]),
        }),
      },
      'InvalidModel',
      /"a\.weight" is also in model-00001/,
    ],
    [
      'with no tensor',
      { 'model.safetensors': rawSafetensors('{}', Buffer.alloc(0)) },
      'InvalidModel',
      /hold no tensors/,
    ],
    [
      'with a broken header',
      { 'model.safetensors': 'x'.repeat(100) },
      'InvalidSafetensors',
      /^model\.safetensors: header length/,
    ],
    [
      'that are a zip archive',
      { 'model.safetensors': Buffer.from('PK\x03\x04                 ', 'latin1') },
      'UnsafeSource',
      /^model\.safetensors: is a zip archive/,
    ],
  ];
  test.each(cases)('%s', async (_, files, type, message) => {
    await expect(select(files)).rejects.toMatchObject(refusal(type, message));
  });
});

describe('refused: configuration', () => {
  const modules = (entry: unknown) => ({ 'modules.json': JSON.stringify([entry]) });
  const pooling = { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' };
  const cases: [string, Files, string, RegExp][] = [
    [
      'auto_map',
      { 'config.json': '{"model_type":"x","auto_map":{"AutoModel":"m.M"}}' },
      'UnsafeSource',
      /^config\.json: auto_map/,
    ],
    [
      'auto_map within',
      { 'config.json': '{"model_type":"x","text_config":[{"auto_map":0}]}' },
      'UnsafeSource',
      /auto_map/,
    ],
    [
      'auto_map of the tokenizer',
      { 'tokenizer_config.json': '{"auto_map":{}}' },
      'UnsafeSource',
      /^tokenizer_config\.json/,
    ],
    [
      'auto_map of a processor',
      { 'preprocessor_config.json': '{"auto_map":{}}' },
      'UnsafeSource',
      /^preprocessor_config/,
    ],
    [
      'a second auto_map key',
      { 'config.json': '{"a":1,"a":2}' },
      'InvalidModel',
      /duplicate key "a"/,
    ],
    [
      'no JSON',
      { 'config.json': '{' },
      'InvalidModel',
      /^config\.json: byte 1: .*expected strict JSON/,
    ],
    [
      'no object',
      { 'generation_config.json': '[]' },
      'InvalidModel',
      /^generation_config\.json: expected a JSON object/,
    ],
    [
      'of no transformers model',
      { 'config.json': '{}' },
      'InvalidModel',
      /expected model_type or architectures/,
    ],
    [
      'too large',
      { 'tokenizer_config.json': `{"a":"${'x'.repeat(16 * 2 ** 20)}"}` },
      'InvalidModel',
      /has 16777224 bytes, expected at most/,
    ],
    [
      'modules of others',
      modules({ path: '', type: 'evil.Module' }),
      'UnsafeSource',
      /type "evil\.Module" is code of others/,
    ],
    ['modules outside', modules({ ...pooling, path: '../x' }), 'UnsafeSource', /names "\.\.\/x"/],
    [
      'modules in an odd folder',
      modules({ ...pooling, path: 'onnx' }),
      'InvalidModel',
      /expected a folder such as 1_Pooling/,
    ],
    ['modules without path', modules({ type: pooling.type }), 'InvalidModel', /with path and type/],
    ['modules as object', { 'modules.json': '{}' }, 'InvalidModel', /expected an array/],
    [
      'a module only as pickle',
      {
        ...modules({ ...pooling, path: '2_Dense' }),
        '2_Dense/config.json': '{}',
        '2_Dense/pytorch_model.bin': '',
      },
      'UnsafeSource',
      /^2_Dense\/pytorch_model\.bin: weights exist only as pickle/,
    ],
    [
      'a module that is a file',
      { ...modules(pooling), '1_Pooling': '' },
      'UnsafeSource',
      /^1_Pooling: is no plain folder/,
    ],
  ];
  test.each(cases)('%s', async (_, files, type, message) => {
    await expect(select(files)).rejects.toMatchObject(refusal(type, message));
  });

  test('accepted: the infinities that Python writes', async () => {
    await select({ 'config.json': '{"model_type":"mamba2","time_step_limit":[0.0,Infinity]}' });
  });

  test('a model that is quantized already is only taken as it is', async () => {
    const config = '{"model_type":"x","quantization_config":{}}';
    const { files } = await select({ 'config.json': config });
    await expect(checkConfigs(files, 'nf4')).rejects.toMatchObject(
      refusal('UnsupportedModel', /is quantized already/),
    );
  });
});

test('strict refuses what would be left out, and names it', async () => {
  await expect(select({ '.gitattributes': '', 'x.py': '' }, true)).rejects.toMatchObject(
    refusal('UnsafeSource', /^\.gitattributes \(and 1 more\): not part of a model/),
  );
  await expect(select({}, true)).resolves.toBeDefined();
});
