import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { findPython, findSampleModel } from '../../activities/platform/python.ts';
import { deviceRig } from '../support/deviceRig.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { type TensorDigests, tensorDigests } from '../support/tensorDigests.ts';

/**
 * The quantized shards against transformers' own load-quantize-save: same keys, dtypes, shapes and
 * bytes, on the same CPU with the same number of threads.
 */

interface Case {
  model: string;
  method: 'int8' | 'nf4' | 'fp4';
  doubleQuant: boolean;
  threads: number;
  skipModules?: string[];
  /** Upper bound of an output shard; default so large that there is one. */
  shardBytes?: number;
}

const methods = [
  { method: 'int8', doubleQuant: false },
  { method: 'nf4', doubleQuant: false },
  { method: 'nf4', doubleQuant: true },
  { method: 'fp4', doubleQuant: false },
  { method: 'fp4', doubleQuant: true },
] as const;
const dtypes = ['float32', 'bfloat16', 'float16'];
const everything = ['minilm', 'llama', 'gpt2', 'untied'].flatMap((name) =>
  dtypes.flatMap((dtype) =>
    methods
      // The tiny models cover the cross of the rest; MiniLM takes a second or two for each.
      .filter((how) => name !== 'minilm' || dtype === 'float32' || how.method !== 'fp4')
      .map((how) => ({ model: `${name}-${dtype}`, ...how, threads: 2 })),
  ),
);
const nested = { method: 'nf4', doubleQuant: true } as const;
const cases: Case[] = [
  ...everything,
  { model: 'llama-bfloat16', ...nested, threads: 1 },
  { model: 'sharded', ...nested, threads: 2, shardBytes: 250_000 },
  {
    model: 'untied-float16',
    ...nested,
    threads: 2,
    shardBytes: 60_000,
    skipModules: ['down_proj', 'layers.3'],
  },
  {
    model: 'gpt2-float32',
    method: 'int8',
    doubleQuant: false,
    threads: 2,
    skipModules: ['c_attn'],
  },
];

const work = temporaryFolder('byte-equality');
const source = ({ model }: Case) => join(work, model);
const script = (name: string) => join(import.meta.dirname, '../support/bridge', name);
const nameOf = ({ model, method, doubleQuant, threads, skipModules, shardBytes }: Case) =>
  [model, method, doubleQuant && 'double', `${threads} threads`, skipModules, shardBytes]
    .filter(Boolean)
    .join(' ');

let references: TensorDigests[];

async function reference(some: readonly Case[]): Promise<TensorDigests[]> {
  const input = JSON.stringify(some.map((one) => ({ ...one, source: source(one) })));
  const { stdout } = await execa(findPython(), [script('reference.py')], { input });
  return JSON.parse(stdout);
}

beforeAll(async () => {
  await execa(findPython(), [script('tinyModels.py'), work, findSampleModel()]);
  references = await reference(cases);
}, 600_000);

for (const threads of [1, 2]) {
  test(`equals transformers byte for byte on ${threads} thread(s)`, {
    timeout: 600_000,
  }, async () => {
    const rig = await deviceRig({ threads });
    const loadable: string[] = [];
    for (const [index, one] of cases.entries()) {
      if (one.threads !== threads) continue;
      const { folder, shards } = await rig.quantize(source(one), {
        quantize: one.method,
        doubleQuant: one.doubleQuant,
        skipModules: one.skipModules,
        shardBytes: one.shardBytes ?? 2 ** 30,
      });
      expect(shards.length > 1, nameOf(one)).toBe(one.shardBytes !== undefined);
      const ours = await tensorDigests(folder, shards);
      expect(ours, nameOf(one)).toEqual(references[index]);
      if (one.model.startsWith('minilm')) await rm(folder, { recursive: true });
      else loadable.push(folder);
    }
    await loadsBack(loadable);
  });
}

/** Stock transformers finds every weight where it wants it, and the model runs. */
async function loadsBack(folders: string[]): Promise<void> {
  const input = JSON.stringify(folders);
  const { stdout } = await execa(findPython(), [script('loadBack.py')], { input });
  for (const loaded of JSON.parse(stdout)) {
    expect(loaded).toMatchObject({ missing: [], unexpected: [], mismatched: [], finite: true });
    expect(loaded.quantized).toBeGreaterThan(0);
  }
}
