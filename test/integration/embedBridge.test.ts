import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bridge } from '../../activities/devices/bridge.ts';
import { embedTextsMethod } from '../../activities/devices/bridgeMethods.ts';
import {
  createBridgeEmbedder,
  type EmbedBatching,
} from '../../activities/embeddings/bridgeEmbedder.ts';
import { describeModel } from '../../activities/embeddings/describeModel.ts';
import { createLogger } from '../../activities/platform/logging.ts';
import { findPython, findSampleModel } from '../../activities/platform/python.ts';
import { startBridge } from '../../workers/bridge.ts';
import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { deviceRig, leaseOf } from '../support/deviceRig.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyModel } from '../support/tinyModel.ts';

/** Vectors of the real bridge beside those of transformers used by hand. */

const timeout = 300_000;
const work = temporaryFolder('embed');
const script = (name: string) => join(import.meta.dirname, '../support/bridge', name);
let bridge: Bridge;
let tiny: string;

beforeAll(async () => {
  tiny = await tinyModel();
  await execa(findPython(), [script('embedModels.py'), tiny, work], {
    env: { HF_HUB_OFFLINE: '1' },
  });
  bridge = await startBridge({ python: findPython(), logger: createLogger('test', 'fatal') });
}, timeout);
afterAll(() => bridge?.kill());

const plain = { pooling: null, normalize: null, dimensions: null };

async function specOf(folder: string, more: Partial<EmbeddingSpec> = {}): Promise<EmbeddingSpec> {
  const { embedding } = await describeModel(folder, plain);
  return { contentDigest: 'ab'.repeat(32), ...embedding, ...more };
}

async function embedderOf(
  folder: string,
  more: Partial<EmbeddingSpec> = {},
  batching?: EmbedBatching,
) {
  const spec = await specOf(folder, more);
  return createBridgeEmbedder({
    bridge,
    modelPath: folder,
    spec,
    scratch: join(work, 's'),
    batching,
  });
}

async function byHand(folder: string, texts: string[], pooling: string, maxTokens: number) {
  const [input, output] = [join(work, 'texts.json'), join(work, 'vectors.json')];
  await writeFile(input, JSON.stringify(texts));
  await execa(
    findPython(),
    [script('embedReference.py'), folder, input, output, pooling, String(maxTokens)],
    { env: { HF_HUB_OFFLINE: '1' } },
  );
  return JSON.parse(await readFile(output, 'utf8')) as number[][];
}

function expectClose(found: readonly (Float32Array | undefined)[], expected: number[][]) {
  expect(found).toHaveLength(expected.length);
  for (const [index, vector] of found.entries()) {
    const wanted = expected[index] as number[];
    expect(vector).toHaveLength(wanted.length);
    const worst = Math.max(...wanted.map((value, at) => Math.abs(value - (vector?.[at] ?? NaN))));
    expect(worst, `text ${index}`).toBeLessThan(1e-5);
  }
}

/** Of many lengths, in no order of length, some longer than the model takes. */
const texts = [
  'A berth is the place at the quay that a ship holds.',
  'ship',
  '',
  'The harbour master keeps the list of berths, tides and pilots. '.repeat(30),
  'Überladung: 船は港に停泊している 🚢',
  ...Array.from(
    { length: 20 },
    (_, n) => `Cargo ${n}: ${'grain and timber, '.repeat((n * 7) % 13)}`,
  ),
];

test('all-MiniLM-L6-v2 as its model card says, whatever the batches', { timeout }, async () => {
  const folder = findSampleModel();
  expect(await specOf(folder)).toMatchObject({
    pooling: 'mean',
    normalize: true,
    dimensions: 384,
    maxTokens: 256,
  });
  const expected = await byHand(folder, texts, 'mean', 256);
  const batchings: (EmbedBatching | undefined)[] = [
    undefined,
    { kind: 'length-sorted', tokenBudget: 64 },
    { kind: 'fixed', batchSize: 4 },
  ];
  for (const batching of batchings) {
    const embedded = await (await embedderOf(folder, {}, batching)).embed(texts);
    expectClose(
      embedded.map(({ vector }) => vector),
      expected,
    );
  }
  expect(await readdir(join(work, 's'))).toEqual([]);
});

test('the first token, and a decoder’s last one', { timeout }, async () => {
  const cls = await (await embedderOf(tiny, { pooling: 'cls' })).embed(texts);
  expectClose(
    cls.map(({ vector }) => vector),
    await byHand(tiny, texts, 'cls', 128),
  );
  const decoder = join(work, 'decoder');
  const spec = await specOf(decoder);
  expect(spec).toMatchObject({ pooling: 'last', dimensions: 64, maxTokens: 128 });
  const last = await (await embedderOf(decoder)).embed(texts);
  expectClose(
    last.map(({ vector }) => vector),
    await byHand(decoder, texts, 'last', 128),
  );
});

test('vectors are cut before they are normalised, or left as they are', { timeout }, async () => {
  const raw = await (await embedderOf(tiny, { normalize: false })).embed(['ship', 'quay']);
  const cut = await (await embedderOf(tiny, { dimensions: 8 })).embed(['ship', 'quay']);
  for (const [index, { vector }] of cut.entries()) {
    const start = [...(raw[index]?.vector ?? [])].slice(0, 8);
    const norm = Math.hypot(...start);
    expectClose([vector], [start.map((value) => value / norm)]);
    expect(Math.hypot(...(raw[index]?.vector ?? []))).not.toBeCloseTo(1, 1);
  }
});

test('a text without a finite vector or without characters fails alone', { timeout }, async () => {
  const poisoned = join(work, 'poisoned');
  const list = ['ship', 'a q within', 'quay', 'half \ud83d pair', 'mast'].map((text) =>
    text.replace('quay', 'pier'),
  );
  const found = await (await embedderOf(poisoned)).embed(list);
  expect(found.map(({ failure }) => failure?.kind)).toEqual([
    undefined,
    'embedding-not-finite',
    undefined,
    'embedding-refused',
    undefined,
  ]);
  expect(found[3]?.failure?.reason).toMatch(/surrogate/);
  const healthy = await (await embedderOf(tiny)).embed(['ship', 'pier', 'mast']);
  expectClose(
    [found[0]?.vector, found[2]?.vector, found[4]?.vector],
    healthy.map(({ vector }) => [...(vector as Float32Array)]),
  );
});

test('a quantized copy embeds nearly as its original', { timeout }, async () => {
  const original = await (await embedderOf(tiny)).embed(texts);
  for (const quantize of ['nf4', 'int8'] as const) {
    const rig = await deviceRig();
    const { folder } = await rig.quantize(tiny, { quantize });
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
      await writeFile(join(folder, name), await readFile(join(tiny, name)));
    }
    const spec = await specOf(folder);
    const copy = createBridgeEmbedder({
      bridge: await rig.bridge.use(leaseOf(1)),
      modelPath: folder,
      spec,
      scratch: join(work, 's'),
    });
    for (const [index, { vector }] of (await copy.embed(texts)).entries()) {
      const other = original[index]?.vector as Float32Array;
      const cosine = (vector as Float32Array).reduce(
        (sum, value, at) => sum + value * (other[at] ?? 0),
        0,
      );
      expect(cosine).toBeGreaterThan(0.9);
      expect(cosine).toBeLessThan(0.9999999);
    }
  }
});

test('the counter ends at the number of texts', { timeout }, async () => {
  const counts: number[] = [];
  await (await embedderOf(tiny)).embed(texts, { onProgress: (done) => counts.push(done) });
  expect(counts.at(-1)).toBe(texts.length);
  expect([...counts].sort((a, b) => a - b)).toEqual(counts);
});

test('a model is loaded once', { timeout }, async () => {
  const copy = join(work, 'copy');
  await cp(tiny, copy, { recursive: true });
  const embedder = await embedderOf(copy);
  const [first] = await embedder.embed(['ship']);
  await rename(join(copy, 'model.safetensors'), join(copy, 'weights that cannot be loaded'));
  expect(await embedder.embed(['ship'])).toEqual([first]);
});

test('memory that does not suffice, and a text at which a layer fails', { timeout }, async () => {
  const { stdout } = await execa(findPython(), [script('embedScarcity.py'), tiny, work]);
  const { scarce, poison, ...rest } = JSON.parse(stdout);
  expect(scarce.refused).toEqual([]);
  expect(scarce.largest).toBeLessThanOrEqual(300);
  expect(scarce.largest).toBeGreaterThan(100);
  expect(scarce.difference).toBeLessThan(1e-5);
  const reason = 'the model fails: IndexError: index out of range in self';
  expect(poison.refused).toEqual([{ index: 24, reason }]);
  expect(poison.difference).toBeLessThan(1e-5);
  // No property of a text: the call fails.
  expect(rest).toEqual({
    'never fits': 'no memory is left',
    'always fails': 'index out of range in self',
  });
});

test('more dimensions than there are, and what is no model', { timeout }, async () => {
  await expect((await embedderOf(tiny, { dimensions: 257 })).embed(['ship'])).rejects.toMatchObject(
    { type: 'DimensionMismatch', message: expect.stringMatching(/gives 256 dimensions/) },
  );
  const spec = await specOf(tiny);
  const gone = createBridgeEmbedder({ bridge, modelPath: join(work, 'gone'), spec, scratch: work });
  await expect(gone.embed(['ship'])).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(/gone: is no warm copy/),
  });
  const input = join(work, 'broken.jsonl');
  await writeFile(input, '"ship"\n7\n');
  const { contentDigest: _, ...rest } = spec;
  const call = bridge.call(embedTextsMethod, {
    ...rest,
    model: tiny,
    texts: input,
    output: join(work, 'never'),
    batching: 'length-sorted',
    tokenBudget: null,
    batchSize: null,
  });
  await expect(call).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(/line 2: expected a JSON string/),
  });
});
