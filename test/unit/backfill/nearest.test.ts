import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createNearest,
  neighboursKept,
} from '../../../activities/backfill/verification/nearest.ts';
import { cosine } from '../../../activities/backfill/verification/vectorMath.ts';

const vector = fc
  .array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 })
  .map((values) => Float32Array.from(values));
const points = fc
  .array(fc.record({ vector, tenant: fc.constantFrom('a', 'b') }), { maxLength: 120 })
  .map((all) => all.map((point, place) => ({ id: `${place}`, ...point })));

test('finds what sorting all similarities finds', () => {
  fc.assert(
    fc.property(points, fc.array(vector, { maxLength: 4 }), fc.boolean(), (all, asked, tenants) => {
      const queries = asked.map((query, place) => ({
        id: `${place}`,
        vector: query,
        tenant: tenants ? 'a' : undefined,
      }));
      const nearest = createNearest(queries);
      for (const point of all) nearest.add(point.id, point.vector, point.tenant);
      for (const [place, found] of nearest.best().entries()) {
        const query = queries[place]!;
        const expected = all
          .filter(({ id, tenant }) => id !== query.id && (!tenants || tenant === 'a'))
          .map((point) => cosine(point.vector, query.vector))
          .sort((a, b) => b - a)
          .slice(0, neighboursKept);
        expect(found).toHaveLength(expected.length);
        for (const [rank, { similarity }] of found.entries()) {
          expect(similarity).toBeCloseTo(expected[rank]!, 5);
        }
      }
    }),
  );
});
