import { expect, test } from 'vitest';
import { toHits } from '../../../activities/search/toHits.ts';
import type { StoreHit } from '../../../activities/stores/vectorStore.ts';

const hitOf = (recordId: string, bytes: number): StoreHit =>
  ({
    score: 1,
    point: { recordId, chunk: 0, text: 't'.repeat(9_000), metadata: { html: 'x'.repeat(bytes) } },
  }) as unknown as StoreHit;

test('a hundred hits of long metadata fit into one payload, and say what is missing', () => {
  const hits = toHits(Array.from({ length: 100 }, (_, at) => hitOf(`r${at}`, 200_000)));
  expect(Buffer.byteLength(JSON.stringify(hits))).toBeLessThan(2 * 1024 * 1024);
  expect(hits.map(({ metadataLeftOut = false }) => metadataLeftOut).slice(0, 4)).toEqual([
    ...[false, false, true, true],
  ]);
  expect(hits[0]?.metadata).toEqual({ html: 'x'.repeat(200_000) });
  expect(hits.at(-1)).toMatchObject({ recordId: 'r99', metadata: {} });
});

test('a short one behind a long one keeps its metadata', () => {
  const [, long, short] = toHits([hitOf('a', 10), hitOf('b', 600_000), hitOf('c', 10)]);
  expect([long?.metadataLeftOut, short?.metadataLeftOut]).toEqual([true, undefined]);
});
