import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { findPython } from '../../activities/platform/python.ts';
import { deviceRig } from '../support/deviceRig.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { type TensorDigests, tensorDigests } from '../support/tensorDigests.ts';

/** Checkpoints that do not hold what the model is built of, name for name. */

const work = temporaryFolder('odd-models');
const script = (name: string) => join(import.meta.dirname, '../support/bridge', name);
const timeout = 600_000;

beforeAll(() => execa(findPython(), [script('oddModels.py'), work]), timeout);

/** What transformers loads, renames, ties or casts; `dropped` is what it leaves out. */
const loadable: { model: string; dropped: string[]; skipModules?: string[] }[] = [
  { model: 'prefixed', dropped: ['classifier.bias', 'classifier.weight'] },
  { model: 'classifier', dropped: [] },
  { model: 'no-architecture', dropped: [] },
  { model: 'legacy', dropped: [] },
  { model: 'both-equal', dropped: ['lm_head.weight'] },
  { model: 'both-different', dropped: [] },
  { model: 'head-only', dropped: [] },
  { model: 'mixed', dropped: [] },
  { model: 'no-dtype', dropped: [] },
  // It replaces the default, which would have left the tied head alone.
  { model: 'tied', dropped: [], skipModules: ['q_proj'] },
];

test('equals transformers where names, ties and dtypes differ from the model’s', {
  timeout,
}, async () => {
  const cases = loadable.flatMap((one) =>
    (['nf4', 'int8'] as const).map((method) => ({ ...one, method })),
  );
  const input = JSON.stringify(
    cases.map(({ model, method, skipModules }) => ({
      source: join(work, model),
      method,
      doubleQuant: false,
      skipModules,
      threads: 2,
    })),
  );
  const { stdout } = await execa(findPython(), [script('reference.py')], { input });
  const references: TensorDigests[] = JSON.parse(stdout);
  const rig = await deviceRig({ threads: 2 });
  const folders: string[] = [];
  for (const [index, { model, method, dropped, skipModules }] of cases.entries()) {
    const made = await rig.quantize(join(work, model), { quantize: method, skipModules });
    const ours = await tensorDigests(made.folder, made.shards);
    expect.soft(ours, `${model} ${method}`).toEqual(references[index]);
    expect.soft(made.modules.droppedTensors, model).toEqual(dropped);
    folders.push(made.folder);
  }
  const back = await execa(findPython(), [script('loadBack.py')], {
    input: JSON.stringify(folders),
  });
  for (const [index, loaded] of JSON.parse(back.stdout).entries()) {
    const expected = { missing: [], unexpected: [], mismatched: [], finite: true };
    expect.soft(loaded, cases[index]?.model).toMatchObject(expected);
  }
  const config = JSON.parse(await readFile(join(folders[0] as string, 'config.json'), 'utf8'));
  expect(config).toMatchObject({
    architectures: ['BertModel'],
    dtype: 'float32',
    quantization_config: {
      quant_method: 'bitsandbytes',
      load_in_4bit: true,
      load_in_8bit: false,
      bnb_4bit_quant_type: 'nf4',
      llm_int8_skip_modules: [],
    },
  });
});

test('refuses what it cannot quantize faithfully, naming the tensor or the field', {
  timeout,
}, async () => {
  const rig = await deviceRig({ threads: 2 });
  const quantize = (model: string, more = {}) =>
    rig.quantize(join(work, model), { quantize: 'int8', ...more });
  await expect(quantize('missing')).rejects.toMatchObject({
    type: 'InvalidModel',
    message: expect.stringMatching(
      /^encoder\.layer\.0\.attention\.self\.query\.weight: BertModel needs it/,
    ),
  });
  await expect(quantize('misshapen')).rejects.toMatchObject({
    type: 'InvalidModel',
    message: expect.stringMatching(/pooler\.dense\.bias has shape \[63\]/),
  });
  await expect(quantize('huge')).rejects.toMatchObject({
    type: 'NonFiniteTensor',
    message: expect.stringMatching(/^encoder\.layer\.1\.output\.dense\.weight: .*float16/),
  });
  await expect(quantize('unknown')).rejects.toMatchObject({
    type: 'UnsupportedModel',
    message: expect.stringMatching(/no model class 'BertForTimeTravel'/),
  });
  await expect(quantize('quantized')).rejects.toMatchObject({ type: 'UnsupportedModel' });
  await expect(quantize('experts')).rejects.toMatchObject({
    type: 'UnsupportedModel',
    message: expect.stringMatching(/experts/),
  });
  await expect(quantize('bert', { skipModules: ['encoder', 'pooler'] })).rejects.toThrow(
    /--skip-modules leaves nothing to quantize/,
  );
  await expect(quantize('head-only', { skipModules: ['q_proj'] })).rejects.toThrow(
    /lm_head: its weight is tied to model\.embed_tokens/,
  );
  // None of it cost the bridge.
  expect(rig.started).toHaveLength(1);
});
