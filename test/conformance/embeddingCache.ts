import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EmbeddingCache } from '../../activities/embeddings/embeddingCache.ts';
import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';

export interface CacheHarness {
  /** Another opening of the same, empty at first. */
  open(): Promise<EmbeddingCache>;
  /** Puts other bytes under every key that is there, as damage would. @returns how many */
  overwrite(change: (data: Buffer) => Buffer): Promise<number>;
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

function unitVector(seed: number, dimensions: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, (_, at) => Math.sin(seed * 31 + at * 7));
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** What every embedding cache has to do. */
export function describeEmbeddingCache(name: string, setUp: () => Promise<CacheHarness>): void {
  describe(`embedding cache: ${name}`, () => {
    const fresh = (): EmbeddingSpec => ({
      contentDigest: randomBytes(32).toString('hex'),
      pooling: 'mean',
      normalize: true,
      dimensions: 24,
      maxTokens: 256,
    });
    const opened = async (harness: CacheHarness) => {
      const cache = await harness.open();
      onTestFinished(() => cache.close());
      return cache;
    };
    const entry = (text: string, dimensions = 24) => ({
      textDigest: digest(text),
      vector: unitVector(text.length, dimensions),
    });

    test('gives back what was put, bit by bit and in order', async () => {
      const cache = await opened(await setUp());
      const spec = fresh();
      const entries = ['a', 'bb', 'ccc'].map((text) => entry(text));
      expect(await cache.get(spec, [digest('a')])).toEqual([undefined]);
      await cache.put(spec, entries);
      const found = await cache.get(spec, [digest('ccc'), digest('other'), digest('a')]);
      expect(found).toEqual([entries[2]?.vector, undefined, entries[0]?.vector]);
      expect(await cache.get(spec, [])).toEqual([]);
      await cache.put(spec, []);
    });

    test('no part of a spec may differ', async () => {
      const cache = await opened(await setUp());
      const spec = fresh();
      await cache.put(spec, [entry('a')]);
      const others: Partial<EmbeddingSpec>[] = [
        { contentDigest: digest('another model') },
        { pooling: 'cls' },
        { normalize: false },
        { dimensions: 12 },
        { maxTokens: 128 },
      ];
      for (const other of others) {
        expect(await cache.get({ ...spec, ...other }, [digest('a')])).toEqual([undefined]);
      }
      expect(await cache.get({ ...spec }, [digest('a')])).toEqual([entry('a').vector]);
    });

    test('another opening sees it, also after the first is closed', async () => {
      const harness = await setUp();
      const spec = fresh();
      const writer = await harness.open();
      const reader = await opened(harness);
      await writer.put(spec, [entry('a')]);
      expect(await reader.get(spec, [digest('a')])).toEqual([entry('a').vector]);
      await writer.close();
      const later = await opened(harness);
      expect(await later.get(spec, [digest('a')])).toEqual([entry('a').vector]);
    });

    test('the same again, a new value, and vectors that are not normalised', async () => {
      const cache = await opened(await setUp());
      const spec = { ...fresh(), normalize: false };
      const vector = Float32Array.from({ length: 24 }, (_, at) => at * 1e-3 - 5);
      await cache.put(spec, [entry('a'), { textDigest: digest('a'), vector }]);
      await cache.put(spec, [{ textDigest: digest('a'), vector }]);
      expect(await cache.get(spec, [digest('a')])).toEqual([vector]);
    });

    test('thousands at once, written by two at a time', async () => {
      const harness = await setUp();
      const [one, two] = [await opened(harness), await opened(harness)];
      const spec = fresh();
      const texts = Array.from({ length: 3000 }, (_, n) => `text ${n}`);
      const entries = texts.map((text, n) => ({
        textDigest: digest(text),
        vector: unitVector(n, 24),
      }));
      await Promise.all([
        one.put(spec, entries.slice(0, 2000)),
        two.put(spec, entries.slice(1000)),
      ]);
      const found = await one.get(spec, texts.map(digest));
      expect(found).toEqual(entries.map(({ vector }) => vector));
    });

    test('a vector handed in or out is nobody else’s', async () => {
      const cache = await opened(await setUp());
      const spec = fresh();
      const given = entry('a');
      await cache.put(spec, [given]);
      given.vector.fill(0);
      const [first] = await cache.get(spec, [digest('a')]);
      expect(first).toEqual(entry('a').vector);
      first?.fill(0);
      expect(await cache.get(spec, [digest('a')])).toEqual([entry('a').vector]);
    });

    const damages: Record<string, (data: Buffer) => Buffer> = {
      'too short': (data) => data.subarray(0, -4),
      'too long': (data) => Buffer.concat([data, data]),
      'not whole numbers': (data) => data.subarray(0, -1),
      empty: () => Buffer.alloc(0),
      'not finite': (data) => Buffer.concat([Buffer.from([0, 0, 0xc0, 0x7f]), data.subarray(4)]),
      'not of length one': (data) => data.map((byte, at) => (at % 4 === 3 ? 0x41 : byte)) as Buffer,
    };
    test.each(Object.entries(damages))('a value that is %s is a miss', async (_, change) => {
      const harness = await setUp();
      const cache = await opened(harness);
      const spec = fresh();
      await cache.put(spec, [entry('a')]);
      expect(await harness.overwrite(change)).toBe(1);
      const again = await opened(harness);
      expect(await again.get(spec, [digest('a')])).toEqual([undefined]);
      await again.put(spec, [entry('a')]);
      expect(await again.get(spec, [digest('a')])).toEqual([entry('a').vector]);
    });
  });
}
