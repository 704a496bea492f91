import { describe, expect, test } from 'vitest';
import { samplePoint, unitVector } from '../../support/stores/samplePoints.ts';
import type { Rig } from './rig.ts';

/** Full text and vectors together. */
export function hybridTests(rig: Rig): void {
  describe('hybrid', () => {
    const texts = [
      'the quick brown fox jumps over the lazy dog',
      'Hafenliegeplatz für Containerschiffe in Rotterdam',
      'gradient descent optimises the weights of a network',
      'a zanzibar parcel arrives at the harbour',
      'mail about cheap watches and a lottery',
      'the harbour master assigns a berth to the ship',
    ];
    const points = texts.map((text, at) => samplePoint(at, 8, { text }));

    test('is claimed and works, or is refused', async () => {
      const { hybrid } = rig.store().capabilities;
      const vector = points[2]?.vector as Float32Array;
      const query = { vector, limit: 3, text: 'zanzibar parcel', hybrid: true };
      if (hybrid === 'none') {
        const creating = rig.collection(8, { fullText: true });
        await expect(creating).rejects.toMatchObject({ type: 'StoreUnsupported' });
        const physical = await rig.collection(8);
        await expect(rig.store().search(physical, query)).rejects.toMatchObject({
          type: 'StoreUnsupported',
        });
        return;
      }
      const physical = await rig.collection(8, { fullText: true });
      await rig.store().beginLoad(physical);
      await rig.fill(physical, points);
      await rig.store().finishLoad(physical);
      const hits = await rig.store().search(physical, query);
      expect(hits.length).toBeGreaterThanOrEqual(2);
      // One is the nearest vector, the other alone has the words.
      const best = hits.slice(0, 2).map(({ point }) => point.id);
      expect(best.sort()).toEqual([points[2]?.id, points[3]?.id].sort());
      expect(hits.map(({ score }) => score)).toEqual(
        hits.map(({ score }) => score).toSorted((a, b) => b - a),
      );
      expect(hits[0]?.point.text).toBe(texts[texts.indexOf(hits[0]?.point.text ?? '')]);
      const filter = { year: { gte: 2003 } };
      const later = await rig.store().search(physical, { ...query, filter });
      expect(later[0]?.point.id).toBe(points[3]?.id);
      expect(later.map(({ point }) => point.id)).not.toContain(points[2]?.id);
      const odd = { ...query, text: `"': (harbour) && OR NOT * ~ \\ %` };
      const found = await rig.store().search(physical, { ...odd, limit: 6 });
      expect(found.map(({ point }) => point.id)).toContain(points[5]?.id);
      await expect(rig.store().search(physical, { ...query, text: ' ' })).rejects.toMatchObject({
        type: 'InvalidRequest',
      });
    });

    test('needs a collection with full text', async () => {
      const physical = await rig.collection(8);
      await rig.fill(physical, points);
      const query = { vector: unitVector(1, 8), limit: 3, text: 'harbour', hybrid: true };
      await expect(rig.store().search(physical, query)).rejects.toMatchObject({
        type: 'StoreUnsupported',
      });
    });
  });
}
