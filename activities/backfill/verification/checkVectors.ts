import type { VerificationCheck } from '../../../workflows/contracts/backfill/activities.ts';
import type { CollectionLayout } from '../../../workflows/contracts/backfill/request.ts';
import type { ReadSample } from './readSample.ts';
import { cosine } from './vectorMath.ts';

/** Least cosine of a vector that is read back; some stores give back what they quantized. */
const leastCosine: Record<CollectionLayout['quantization'], number> = {
  none: 0.999,
  half: 0.999,
  scalar: 0.98,
  binary: 0.5,
};

/** Compares what was read back with what was written: record, text and vector. */
export function checkVectors(
  sample: readonly ReadSample[],
  quantization: CollectionLayout['quantization'],
): VerificationCheck {
  const least = leastCosine[quantization];
  const wrong = sample.flatMap(({ written, stored }) => {
    const complaint = compare(written, stored, least);
    return complaint === undefined
      ? []
      : [`record ${JSON.stringify(written.recordId)} chunk ${written.chunk} ${complaint}`];
  });
  return {
    name: 'vectors',
    ok: wrong.length === 0,
    detail:
      wrong.length === 0
        ? `${sample.length} points read back as written`
        : `${wrong.length} of ${sample.length} points are not as written: ${wrong[0]}`,
    value: sample.length - wrong.length,
  };
}

function compare(
  written: ReadSample['written'],
  stored: ReadSample['stored'],
  least: number,
): string | undefined {
  if (stored === undefined) return 'is missing';
  if (stored.recordId !== written.recordId || stored.chunk !== written.chunk) {
    return `is chunk ${stored.chunk} of ${JSON.stringify(stored.recordId)}`;
  }
  if (stored.text !== written.text) return 'has another text';
  if (stored.vector === null) return 'has no vector';
  if (stored.vector.length !== written.vector.length) {
    return `has ${stored.vector.length} dimensions, expected ${written.vector.length}`;
  }
  const similarity = cosine(stored.vector, written.vector);
  if (similarity >= least) return undefined;
  return `has another vector (cosine ${similarity.toFixed(4)}, expected ${least})`;
}
