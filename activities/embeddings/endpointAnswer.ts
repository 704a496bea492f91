import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';

/** Values that are no numbers are found later: they are a fault of one text. */
const answerSchema = z.looseObject({
  data: z.array(
    z.looseObject({
      index: z.number().int().nonnegative().optional(),
      embedding: z.array(z.unknown()),
    }),
  ),
});

/**
 * The vectors of an answer in the order of the texts, which `index` says, as they came; null stands
 * for one whose values are not all finite.
 * @throws BerthError EmbedderFailed when they are fewer, more or numbered otherwise
 */
export function vectorsOf(where: string, answer: unknown, texts: number): (Float32Array | null)[] {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw bad(`${where}: answered no embeddings: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { data } = parsed.data;
  if (data.length !== texts) {
    throw bad(`${where}: gave ${data.length} vectors for ${texts} texts, expected one each`);
  }
  const vectors = new Array<Float32Array | null | undefined>(texts);
  for (const [position, { index = position, embedding }] of data.entries()) {
    if (index >= texts || vectors[index] !== undefined) {
      throw bad(
        `${where}: numbered its vectors ${index} twice or beyond ${texts - 1}, expected 0 on`,
      );
    }
    vectors[index] = finiteVector(embedding);
  }
  return vectors as (Float32Array | null)[];
}

function finiteVector(values: unknown[]): Float32Array | null {
  const vector = new Float32Array(values.length);
  for (const [at, value] of values.entries()) {
    if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) return null;
    vector[at] = value;
  }
  return vector;
}

/** In place: to length one, as sentence-transformers does; nought stays nought. */
export function normalizeVector(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const norm = Math.max(Math.sqrt(squares), 1e-12);
  for (const [at, value] of vector.entries()) vector[at] = value / norm;
  return vector;
}

function bad(message: string): Error {
  return berthError('EmbedderFailed', message, { status: 200, throttled: false });
}
