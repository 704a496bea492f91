import { describe, expect, it } from 'vitest';
import { checkIngestOptions } from '../../../workers/client/ingestOptions.ts';
import { BerthError } from '../../../workflows/contracts/errors.ts';

const minimal = { source: './model', name: 'minilm' };

function refusal(options: unknown): BerthError {
  try {
    checkIngestOptions(options);
  } catch (error) {
    if (error instanceof BerthError) return error;
  }
  throw new Error('was accepted');
}

describe('checkIngestOptions', () => {
  it('fills in the defaults', () => {
    expect(checkIngestOptions(minimal)).toEqual({
      ...minimal,
      tag: 'latest',
      quantize: 'nf4',
      doubleQuant: false,
      shardSize: 512 * 2 ** 20,
      gate: {},
      strict: false,
      team: 'default',
    });
  });

  it('takes sizes and thresholds as a shell writes them', () => {
    const gate = { minCosine: '0.9', maxKl: '0.2', maxPerplexityIncrease: '0' };
    const checked = checkIngestOptions({ ...minimal, shardSize: '64MiB', gate });
    expect(checked.shardSize).toBe(64 * 2 ** 20);
    expect(checked.gate).toEqual({ minCosine: 0.9, maxKl: 0.2, maxPerplexityIncrease: 0 });
  });

  it.each([
    [{ name: 'x' }, /^source is missing: expected the path of a folder/],
    [{ ...minimal, name: 'My Model' }, /^name "My Model": expected lower-case letters/],
    [{ ...minimal, name: '../etc' }, /^name "\.\.\/etc": expected/],
    [{ ...minimal, name: 'a/b/c' }, /^name "a\/b\/c": expected .* one optional "\/"/],
    [{ ...minimal, tag: 'a b' }, /^tag "a b": expected/],
    [{ ...minimal, quantize: 'q4' }, /^quantization method "q4": expected one of none, int8/],
    [{ ...minimal, shardSize: '12 parsecs' }, /^shard size "12 parsecs": expected a size/],
    [{ ...minimal, shardSize: 1000 }, /^shard size 1000: expected a size from 1MiB/],
    [{ ...minimal, shardSize: Number.NaN }, /^shard size null: expected/],
    [{ ...minimal, gate: { minCosine: '1.5' } }, /^gate minimum cosine "1.5": expected/],
    [{ ...minimal, gate: { minCosine: '' } }, /^gate minimum cosine "": expected/],
    [{ ...minimal, gate: { maxKl: '-1' } }, /^gate maximum KL divergence "-1": expected/],
    [{ ...minimal, gate: { maxPerplexityIncrease: 'x' } }, /perplexity increase "x": expected/],
    [{ ...minimal, gate: { maxLoss: 1 } }, /^gate thresholds: unknown maxLoss/],
    [{ ...minimal, skipModules: [] }, /^modules to skip: expected at least one/],
    [{ ...minimal, skipModules: [''] }, /^module to skip "": expected a module name/],
    [{ ...minimal, doubleQuant: true, quantize: 'int8' }, /^double quantization with int8/],
    [{ ...minimal, quantize: 'none', skipModules: ['a'] }, /^modules to skip with none/],
    [{ ...minimal, quantize: 'none', gate: { maxKl: 1 } }, /^gate thresholds with none/],
    [{ ...minimal, team: 'A B' }, /^team "A B": expected/],
    [{ ...minimal, shards: 3 }, /^ingest options: unknown shards/],
    ['model', /^ingest options: expected an object/],
  ])('refuses %j in one line', (options, message) => {
    const error = refusal(options);
    expect(error.type).toBe('InvalidRequest');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
  });

  it('reports every violation in its details', () => {
    const error = refusal({ source: '', name: '-', tag: '' });
    expect(error.details).toEqual([
      expect.stringMatching(/^source /),
      expect.stringMatching(/^name /),
      expect.stringMatching(/^tag /),
    ]);
  });
});
