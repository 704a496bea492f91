import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Embedded, Embedder } from '../embeddings/embedder.ts';
import type { EmbeddingCache } from '../embeddings/embeddingCache.ts';
import { pageLimits } from './pageLimits.ts';
import type { Pulse } from './pulse.ts';
import { textDigest } from './recordDigest.ts';

export interface EmbeddedTexts {
  /** By text. */
  answers: Map<string, Embedded>;
  /** Texts that were not in the cache. */
  fresh: Set<string>;
}

/**
 * Vectors of texts, each distinct one once: from the cache, and of an embedder that is only asked for
 * when the cache lacks some. What it gives is in the cache before the next texts are sent, so that a
 * kill costs one portion.
 * @throws BerthError EmbedderFailed, DimensionMismatch, and what the embedder throws
 */
export async function embedTexts(
  texts: Iterable<string>,
  spec: EmbeddingSpec,
  cache: EmbeddingCache,
  useEmbedder: () => Promise<Embedder>,
  { signal, report }: Pulse,
): Promise<EmbeddedTexts> {
  const distinct = [...new Set(texts)];
  const digests = distinct.map(textDigest);
  const answers = new Map<string, Embedded>();
  const missing: { text: string; digest: string }[] = [];
  for (const [index, vector] of (await cache.get(spec, digests)).entries()) {
    const text = distinct[index] as string;
    if (vector?.length === spec.dimensions) answers.set(text, { vector });
    else missing.push({ text, digest: digests[index] as string });
  }
  const total = missing.length;
  for (let from = 0; from < total; from += pageLimits.embedTexts) {
    signal.throwIfAborted();
    const some = missing.slice(from, from + pageLimits.embedTexts);
    const embedder = await useEmbedder();
    const given = await embedder.embed(
      some.map(({ text }) => text),
      { signal, onProgress: (done) => report({ done: from + done, total }) },
    );
    const checked = check(given, some.length, spec);
    const entries = some.flatMap(({ digest }, index) => {
      const vector = checked[index]?.vector;
      return vector === undefined ? [] : [{ textDigest: digest, vector }];
    });
    if (entries.length > 0) await cache.put(spec, entries);
    for (const [index, answer] of checked.entries()) {
      answers.set((some[index] as { text: string }).text, answer);
    }
    report({ done: from + some.length, total });
  }
  return { answers, fresh: new Set(missing.map(({ text }) => text)) };
}

/** Trusts no embedder: what it gives is kept for years and shared by all jobs. */
function check(given: Embedded[], expected: number, spec: EmbeddingSpec): Embedded[] {
  if (given.length !== expected) {
    throw berthError(
      'EmbedderFailed',
      `embedder: gave ${given.length} vectors for ${expected} texts; expected one each`,
    );
  }
  return given.map((answer) => {
    if (answer.vector === undefined) return answer;
    const { length } = answer.vector;
    if (length !== spec.dimensions) {
      throw berthError(
        'DimensionMismatch',
        `embedder: gave a vector of ${length} dimensions, the job expects ${spec.dimensions}`,
      );
    }
    const bad = answer.vector.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return answer;
    const reason = `value ${bad} of its vector is ${answer.vector[bad]}, expected a finite one`;
    return { failure: { kind: 'embedding-not-finite', reason } };
  });
}
