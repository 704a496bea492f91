import { expect, test } from 'vitest';
import { embedTexts } from '../../../activities/backfill/embedTexts.ts';
import { pageLimits } from '../../../activities/backfill/pageLimits.ts';
import type { PageProgress, Pulse } from '../../../activities/backfill/pulse.ts';
import { textDigest } from '../../../activities/backfill/recordDigest.ts';
import type { Embedded, Embedder } from '../../../activities/embeddings/embedder.ts';
import {
  createHashEmbedder,
  createMemoryCache,
  hashSpec,
  hashVector,
} from '../../support/backfill/textEmbedding.ts';

const idle: Pulse = { signal: new AbortController().signal, report() {} };

function embed(texts: string[], embedder: Embedder, cache = createMemoryCache(), pulse = idle) {
  return embedTexts(texts, hashSpec, cache, async () => embedder, pulse);
}

const answering = (answer: (texts: readonly string[]) => Embedded[]): Embedder => ({
  spec: hashSpec,
  embed: async (texts) => answer(texts),
});

test('an embedder is not even started for texts that are cached', async () => {
  const cache = createMemoryCache();
  await embed(['a', 'b'], createHashEmbedder(), cache);
  const none = async (): Promise<Embedder> => {
    throw new Error('started');
  };
  const { answers, fresh } = await embedTexts(['b', 'a', 'b'], hashSpec, cache, none, idle);
  expect(fresh.size).toBe(0);
  expect(answers.get('a')?.vector).toEqual(hashVector('a'));
  await expect(embedTexts(['c'], hashSpec, cache, none, idle)).rejects.toThrow('started');
});

test('what was embedded before a failure is in the cache', async () => {
  const cache = createMemoryCache();
  const texts = Array.from({ length: pageLimits.embedTexts + 10 }, (_, number) => `text ${number}`);
  const good = createHashEmbedder();
  let calls = 0;
  const dying: Embedder = {
    spec: hashSpec,
    async embed(some) {
      calls += 1;
      if (calls === 2) throw new Error('killed');
      return good.embed(some);
    },
  };
  await expect(embed(texts, dying, cache)).rejects.toThrow('killed');
  const second = createHashEmbedder();
  await embed(texts, second, cache);
  expect(second.embedded).toEqual(texts.slice(pageLimits.embedTexts));
});

test('a cached vector of other dimensions is none', async () => {
  const cache = createMemoryCache();
  await cache.put(hashSpec, [{ textDigest: textDigest('a'), vector: new Float32Array(3) }]);
  const { answers, fresh } = await embed(['a'], createHashEmbedder(), cache);
  expect([...fresh]).toEqual(['a']);
  expect(answers.get('a')?.vector).toEqual(hashVector('a'));
});

test('fewer vectors than texts are named, and none of them is kept', async () => {
  const cache = createMemoryCache();
  const fewer = answering((texts) => texts.slice(1).map((text) => ({ vector: hashVector(text) })));
  await expect(embed(['a', 'b', 'c'], fewer, cache)).rejects.toMatchObject({
    type: 'EmbedderFailed',
    message: 'embedder: gave 2 vectors for 3 texts; expected one each',
  });
  expect(await cache.get(hashSpec, [textDigest('b')])).toEqual([undefined]);
});

test('a vector of other dimensions is named', async () => {
  const short = answering((texts) => texts.map(() => ({ vector: new Float32Array(5) })));
  await expect(embed(['a'], short)).rejects.toMatchObject({
    type: 'DimensionMismatch',
    message: 'embedder: gave a vector of 5 dimensions, the job expects 8',
  });
});

test('NaN and infinities are failures of their texts, and are not cached', async () => {
  const cache = createMemoryCache();
  const odd = answering((texts) =>
    texts.map((text) => ({
      vector:
        text === 'bad' ? new Float32Array(8).fill(Number.POSITIVE_INFINITY) : hashVector(text),
    })),
  );
  const { answers } = await embed(['good', 'bad'], odd, cache);
  expect(answers.get('bad')).toEqual({
    failure: {
      kind: 'embedding-not-finite',
      reason: 'value 0 of its vector is Infinity, expected a finite one',
    },
  });
  const digests = [textDigest('good'), textDigest('bad')];
  expect(await cache.get(hashSpec, digests)).toEqual([hashVector('good'), undefined]);
});

test('progress counts all texts that are missing, over all portions', async () => {
  const seen: PageProgress[] = [];
  const texts = Array.from({ length: pageLimits.embedTexts + 10 }, (_, number) => `text ${number}`);
  const report = (progress: PageProgress) => void seen.push(progress);
  await embed(texts, createHashEmbedder(), createMemoryCache(), { ...idle, report });
  expect(seen.at(-1)).toEqual({ done: texts.length, total: texts.length });
});

test('a cancelled page asks no embedder', async () => {
  const embedder = createHashEmbedder();
  const pulse = { ...idle, signal: AbortSignal.abort(new Error('cancelled')) };
  await expect(embed(['a'], embedder, createMemoryCache(), pulse)).rejects.toThrow('cancelled');
  expect(embedder.embedded).toEqual([]);
});
