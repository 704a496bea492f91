import { expect } from 'vitest';
import { pointId } from '../../../activities/backfill/pointIds.ts';
import type { Point } from '../../../activities/stores/vectorStore.ts';
import { hashVector } from './textEmbedding.ts';

/** Asserts that a store holds exactly the chunks (lines) of these records, with their own vectors. */
export function expectExactly(
  points: ReadonlyMap<string, Omit<Point, 'sourceName'>>,
  records: readonly { id: string; text: string }[],
): void {
  const expected = new Map<string, string>();
  for (const { id, text } of records) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    for (const [chunk, line] of lines.entries()) expected.set(pointId('corpus', id, chunk), line);
  }
  expect([...points.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [id, point] of points) {
    expect(point.text).toBe(expected.get(id));
    // Stores that keep vectors normalized give them back to the last bit but one.
    const off = hashVector(point.text).map((value, at) =>
      Math.abs(value - (point.vector[at] ?? Number.NaN)),
    );
    expect(Math.max(...off)).toBeLessThan(1e-6);
  }
  for (const point of points.values()) expect(point.recordDigest).toMatch(/^[0-9a-f]{64}$/);
}
