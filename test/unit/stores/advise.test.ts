import { describe, expect, it, test } from 'vitest';
import {
  adviseStore,
  type StoreAdvice,
  type StoreNeeds,
} from '../../../activities/stores/advise/adviseStore.ts';
import { storeProfiles } from '../../../activities/stores/advise/storeProfiles.ts';
import { formatAdvice } from '../../../scripts/cli/format/advice.ts';
import { createCapture } from '../../support/cliCapture.ts';

const GiB = 2 ** 30;
const plain: StoreNeeds = {
  vectors: 100_000,
  dimensions: 384,
  filters: 'none',
  hybrid: false,
  writes: 'low',
  tenants: 1,
  ops: 'embedded',
  memoryBytes: 16 * GiB,
};
const advise = (needs: Partial<StoreNeeds>) => adviseStore({ ...plain, ...needs });
const of = (kind: string, advice: StoreAdvice[]) =>
  advice.find((one) => one.kind === kind) as StoreAdvice;

describe('adviseStore', () => {
  it.each<[string, Partial<StoreNeeds>, string]>([
    ['filters everywhere', { ops: 'server', filters: 'many', writes: 'high' }, 'qdrant'],
    ['words and meaning', { ops: 'server', hybrid: true, tenants: 20_000 }, 'weaviate'],
    ['a Postgres that is there', { ops: 'postgres', filters: 'few', hybrid: true }, 'pgvector'],
    ['nothing to run, much on disk', { vectors: 50_000_000 }, 'lancedb'],
    ['nothing to run, filters', { filters: 'many' }, 'lancedb'],
    ['nothing to run, writes all day', { writes: 'high' }, 'chroma'],
  ])('%s', (_, needs, kind) => {
    const [best] = advise(needs);
    expect(best?.kind).toBe(kind);
    expect(best?.fits).toBe(true);
    expect(best?.reasons).not.toEqual([]);
  });

  it('lists all five, those that do not fit last and with a reason', () => {
    const advice = advise({ ops: 'embedded', tenants: 5 });
    expect(advice.map(({ kind }) => kind).sort()).toEqual(
      ['chroma', 'lancedb', 'pgvector', 'qdrant', 'weaviate'].sort(),
    );
    const fits = advice.map((one) => one.fits);
    expect(fits).toEqual(fits.toSorted((a, b) => Number(b) - Number(a)));
    for (const one of advice) if (!one.fits) expect(one.objections[0]).toBeTruthy();
    expect(of('chroma', advice).objections[0]).toMatch(/tenant/);
    expect(of('qdrant', advice).objections[0]).toMatch(/server of its own/);
  });

  it('computes memory as the documentation of each store says', () => {
    const bytes = (kind: string, needs: Partial<StoreNeeds>) =>
      of(kind, advise({ ops: 'server', memoryBytes: 1e15, ...needs })).memoryBytes;
    const million = { vectors: 1_000_000, dimensions: 1_024 };
    expect(bytes('qdrant', million)).toBe(6_144_000_000);
    expect(bytes('weaviate', million)).toBe(8_192_000_000);
    expect(bytes('chroma', { ...million, vectors: 245_000 })).toBe(1e9);
    // One node a page from 950 dimensions on, two at 768, four at 384.
    expect(bytes('pgvector', million)).toBe(8_192_000_000);
    expect(bytes('pgvector', { ...million, dimensions: 768 })).toBe(4_096_000_000);
    expect(bytes('pgvector', { ...million, dimensions: 384 })).toBe(2_048_000_000);
  });

  it('takes the least lossy quantization that fits into memory', () => {
    const needs = { ops: 'server', vectors: 20_000_000, dimensions: 768 } as const;
    const asked = (memoryBytes: number) =>
      of('qdrant', advise({ ...needs, memoryBytes })).quantization;
    expect([200, 50, 30, 10].map((size) => asked(size * GiB))).toEqual([
      'none',
      'half',
      'scalar',
      'binary',
    ]);
    expect(of('chroma', advise({ ...needs, memoryBytes: 30 * GiB })).fits).toBe(false);
  });

  it('refuses vectors too long for an index, and names the number', () => {
    const at = (dimensions: number) => of('pgvector', advise({ ops: 'postgres', dimensions }));
    expect(at(2_000).quantization).toBe('none');
    expect(at(2_001).quantization).toBe('half');
    expect(at(4_001).quantization).toBe('binary');
    expect(at(16_001)).toMatchObject({ fits: false });
    expect(at(16_001).objections[0]).toMatch(/at most 16000 dimensions, not 16001/);
  });

  it('says of each number where it comes from', () => {
    const text = formatAdvice(plain, adviseStore(plain));
    for (const { kind, memoryRule, load } of storeProfiles) {
      expect(text).toContain(`${kind}: ${memoryRule}; `);
      expect(text).toContain(`at 384 dimensions (${load.measured})`);
    }
  });
});

test('berth stores advise', async () => {
  const cli = await createCapture();
  try {
    const asked = ['stores', 'advise', '--corpus', '2.5M', '--chunks', '4', '--ops', 'server'];
    const { code, stdout } = await cli.run(...asked, '--filters', 'many', '--json');
    expect(code).toBe(0);
    const { needs, advice } = JSON.parse(stdout);
    expect(needs).toMatchObject({ vectors: 10_000_000, dimensions: 384, hybrid: false });
    expect(advice[0].kind).toBe('qdrant');
    const words = await cli.run(...asked, '--memory', '8GiB');
    expect(words.stdout).toMatch(/^\w+ for 10,000,000 vectors of 384 dimensions\n {2}\+ /);
    for (const [option, value] of [
      ['--corpus', 'many'],
      ['--tenants', '0'],
      ['--memory', 'big'],
      ['--ops', 'cloud'],
    ] as const) {
      const bad = await cli.run(...asked, option, value);
      expect(bad.code).toBe(2);
      expect(bad.stderr).toContain(value);
    }
  } finally {
    await cli.remove();
  }
});
