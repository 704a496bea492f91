import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Modules, SourceTensor } from '../../../activities/ingest/records.ts';
import { tensorBytes } from '../../../activities/ingest/safetensors/dtypes.ts';
import { writeHeader, writerOrder } from '../../../activities/ingest/safetensors/writeHeader.ts';
import { planShards } from '../../../activities/ingest/shardPlan.ts';

type Weight = Modules['weights'][number];

const sourceTensor = (name: string, dtype: string, shape: number[]): SourceTensor => ({
  name,
  dtype,
  shape,
  file: 'model.safetensors',
  offset: 0,
  bytes: tensorBytes(dtype, shape) as number,
});

const models = fc
  .record({
    actions: fc.array(
      fc.record({
        action: fc.constantFrom('keep', 'int8', 'nf4', 'fp4') as fc.Arbitrary<Weight['action']>,
        shape: fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 })),
        transposed: fc.boolean(),
      }),
      { minLength: 1, maxLength: 25 },
    ),
    doubleQuant: fc.boolean(),
    shardBytes: fc.integer({ min: 1, max: 400_000 }),
  })
  .map(({ actions, doubleQuant, shardBytes }) => {
    const tensors = actions.map(({ shape, transposed }, i) =>
      sourceTensor(`l.${i}.weight`, 'BF16', transposed ? [...shape].reverse() : [...shape]),
    );
    const weights = actions.map(({ action, shape, transposed }, i): Weight => {
      const name = `l.${i}.weight`;
      return { key: name, source: name, action, dtype: 'BF16', shape, transposed };
    });
    return { tensors, modules: { weights, doubleQuant }, shardBytes };
  });

describe('a plan', () => {
  test('holds every tensor once, its state beside it, in order and within its bounds', () => {
    fc.assert(
      fc.property(models, ({ tensors, modules, shardBytes }) => {
        const options = { quantize: 'nf4' as const, shardBytes };
        const { shards } = planShards({ tensors }, modules, options);
        expect(planShards({ tensors }, modules, options).shards).toEqual(shards);
        const placed = shards.flatMap((shard) => shard.tensors);
        expect(placed.map(({ key }) => key)).toEqual(modules.weights.map(({ key }) => key));
        const names = placed.flatMap(({ outputs }) => outputs.map(({ name }) => name));
        expect(new Set(names).size).toBe(names.length);
        for (const [index, shard] of shards.entries()) {
          expect(shard.index).toBe(index);
          expect(shard.tensors.length).toBeGreaterThan(0);
          if (shard.tensors.length > 1) expect(shard.maxBytes).toBeLessThanOrEqual(shardBytes);
          const outputs = shard.tensors
            .flatMap((tensor) => tensor.outputs)
            .map((output) => ({ ...output, bytes: output.maxBytes }));
          const data = outputs.reduce((sum, { bytes }) => sum + bytes, 0);
          const written = writeHeader(outputs.sort(writerOrder)).length + data;
          expect(written).toBeLessThanOrEqual(shard.maxBytes);
          expect(shard.sourceBytes).toBe(
            shard.tensors.reduce((sum, { from }) => sum + from.bytes, 0),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('names a single file and numbered ones as transformers does', () => {
    const tensors = [1, 2, 3].map((i) => sourceTensor(`t${i}`, 'F32', [1024, 64]));
    const plan = (shardBytes: number) =>
      planShards({ tensors }, undefined, { quantize: 'none', shardBytes });
    expect(plan(2 ** 30).shards.map(({ file }) => file)).toEqual(['model.safetensors']);
    expect(plan(600_000).shards.map(({ file, tensors: t }) => [file, t.length])).toEqual([
      ['model-00001-of-00002.safetensors', 2],
      ['model-00002-of-00002.safetensors', 1],
    ]);
  });

  test('gives a tensor larger than the bound a shard of its own', () => {
    const sizes = [[64], [1_000_000], [64], [64]];
    const tensors = sizes.map((shape, i) => sourceTensor(`t${i}`, 'F32', shape));
    const { shards } = planShards({ tensors }, undefined, {
      quantize: 'none',
      shardBytes: 100_000,
    });
    expect(shards.map((shard) => shard.tensors.map(({ key }) => key))).toEqual([
      ['t0'],
      ['t1'],
      ['t2', 't3'],
    ]);
  });

  test('without modules keeps every tensor as it is', () => {
    const tensors = [sourceTensor('a', 'I64', [3]), sourceTensor('b', 'F8_E4M3', [5])];
    const plan = planShards({ tensors }, undefined, { quantize: 'none', shardBytes: 2 ** 20 });
    expect(plan).toMatchObject({ quantize: 'none', doubleQuant: false });
    expect(plan.shards[0]?.tensors).toEqual(
      tensors.map((from) => ({
        key: from.name,
        source: from.name,
        action: 'keep',
        dtype: from.dtype,
        shape: from.shape,
        transposed: false,
        outputs: [{ name: from.name, dtype: from.dtype, shape: from.shape, maxBytes: from.bytes }],
        from,
      })),
    );
  });
});

describe('quantized outputs, as bitsandbytes lays them out', () => {
  const outputs = (action: Weight['action'], shape: number[], doubleQuant = false) => {
    const tensors = [sourceTensor('m.weight', 'F32', shape)];
    const weight = { key: 'm.weight', source: 'm.weight', action, dtype: 'F32', shape };
    const modules = { weights: [{ ...weight, transposed: false }], doubleQuant };
    const plan = planShards({ tensors }, modules, { quantize: 'nf4', shardBytes: 2 ** 20 });
    return plan.shards[0]?.tensors[0]?.outputs.map(({ name, dtype, shape: s, maxBytes }) => [
      name.replace(/^m\./, ''),
      `${dtype} [${s}]`,
      maxBytes,
    ]);
  };

  test('int8', () => {
    expect(outputs('int8', [3, 5])).toEqual([
      ['weight', 'I8 [3,5]', 15],
      ['SCB', 'F32 [3]', 12],
      ['weight_format', 'U8 []', 1],
    ]);
  });

  test('nf4 of an odd count of elements', () => {
    expect(outputs('nf4', [3, 43])).toEqual([
      ['weight', 'U8 [65,1]', 65],
      ['weight.absmax', 'F32 [3]', 12],
      ['weight.quant_map', 'F32 [16]', 64],
      ['weight.quant_state.bitsandbytes__nf4', 'U8 [512]', 512],
    ]);
  });

  test('fp4 with double quantization', () => {
    expect(outputs('fp4', [257, 64], true)).toEqual([
      ['weight', 'U8 [8224,1]', 8224],
      ['weight.absmax', 'U8 [257]', 257],
      ['weight.quant_map', 'F32 [16]', 64],
      ['weight.nested_absmax', 'F32 [2]', 8],
      ['weight.nested_quant_map', 'F32 [256]', 1024],
      ['weight.quant_state.bitsandbytes__fp4', 'U8 [512]', 512],
    ]);
  });

  test('quant_state stays within its bound for the longest numbers', () => {
    const json = `{"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [9007199254740991, 9007199254740991], "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": -1.2345678901234567e-308}`;
    expect(json.length).toBeLessThan(512);
  });
});

describe('refused', () => {
  const weight = { action: 'keep' as const, dtype: 'F32', transposed: false };
  const plan = (tensors: SourceTensor[], weights: Weight[]) =>
    planShards({ tensors }, { weights, doubleQuant: false }, { quantize: 'nf4', shardBytes: 1000 });

  test('a tensor that the source lacks, or holds in another shape', () => {
    const wanted = [{ ...weight, key: 'k', source: 's', shape: [2, 3] }];
    expect(() => plan([], wanted)).toThrowError(
      /^tensor "s": "k" needs it as \[2,3\], but the source has none/,
    );
    expect(() => plan([sourceTensor('s', 'F32', [7])], wanted)).toThrowError(
      /the source has \[7\]/,
    );
    expect(plan([sourceTensor('s', 'F32', [3, 2])], wanted).shards).toHaveLength(1);
  });

  test('a bound that makes more shards than a summary may hold', () => {
    const tensors = Array.from({ length: 10_001 }, (_, i) => sourceTensor(`t${i}`, 'F32', [300]));
    expect(() =>
      planShards({ tensors }, undefined, { quantize: 'none', shardBytes: 1000 }),
    ).toThrow(/^shard size 1000: makes 10001 shards, expected at most 10000/);
    const most = { tensors: tensors.slice(1) };
    const { shards } = planShards(most, undefined, { quantize: 'none', shardBytes: 1000 });
    const summary = shards.map(({ index, file, sourceBytes, maxBytes }) => ({
      ...{ index, file, sourceBytes, maxBytes },
    }));
    expect(JSON.stringify(summary).length).toBeLessThan(2e6);
  });
});
