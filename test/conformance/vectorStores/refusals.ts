import { expect, test } from 'vitest';
import { samplePoint, sampleSpec, unitVector } from '../../support/stores/samplePoints.ts';
import type { Rig } from './rig.ts';

/** What is refused, and how it is named. */
export function refusalTests(rig: Rig): void {
  test('an unknown collection is named by every method', async () => {
    const store = rig.store();
    const physical = `${rig.name()}-v1`;
    const query = { vector: unitVector(1, 8), limit: 1 };
    const calls: (() => Promise<unknown>)[] = [
      () => store.upsert(physical, [samplePoint(1, 8)]),
      () => store.deletePoints(physical, [samplePoint(1, 8).id]),
      () => store.count(physical),
      () => store.readPoints(physical, [samplePoint(1, 8).id], { vectors: false }),
      async () => {
        for await (const _ of store.scan(physical, { vectors: false }));
      },
      () => store.search(physical, query),
      () => store.beginLoad(physical),
      () => store.finishLoad(physical),
    ];
    for (const call of calls) {
      await expect(call(), String(call)).rejects.toMatchObject({
        type: 'CollectionNotFound',
        message: expect.stringContaining(physical),
      });
    }
    expect(await store.readSpec(physical)).toBeUndefined();
    await store.dropCollection(physical);
  });

  test('vectors of other dimensions are refused, and nothing of their batch is kept', async () => {
    const physical = await rig.collection(8);
    const points = [samplePoint(1, 8), samplePoint(2, 9)];
    await expect(rig.store().upsert(physical, points)).rejects.toMatchObject({
      type: expect.stringMatching(/^(DimensionMismatch|StoreRejected)$/),
    });
    expect(await rig.store().count(physical)).toBe(0);
    const query = { vector: unitVector(1, 9), limit: 1 };
    await expect(rig.store().search(physical, query)).rejects.toMatchObject({
      type: 'DimensionMismatch',
    });
  });

  test('vectors that are not finite are refused', async () => {
    const physical = await rig.collection(8);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const point = samplePoint(1, 8, { vector: unitVector(1, 8).with(3, bad) });
      await expect(rig.store().upsert(physical, [point])).rejects.toMatchObject({
        type: 'StoreRejected',
        message: expect.stringContaining(point.id),
      });
      const query = { vector: point.vector, limit: 1 };
      await expect(rig.store().search(physical, query)).rejects.toMatchObject({
        type: 'StoreRejected',
      });
    }
    expect(await rig.store().count(physical)).toBe(0);
  });

  const { openUnreachable, openUnauthorized } = rig.harness;
  if (openUnreachable !== undefined) {
    test('a store that does not answer is StoreUnavailable', async () => {
      const use = async () => {
        const store = await openUnreachable();
        try {
          await store.createCollection('t-nobody-v1', sampleSpec('t-nobody', 8));
        } finally {
          await store.close();
        }
      };
      await expect(use()).rejects.toMatchObject({ type: 'StoreUnavailable' });
    });
  }
  if (openUnauthorized !== undefined) {
    test('a missing or wrong key is CredentialsRefused', async () => {
      const use = async () => {
        const store = await openUnauthorized();
        try {
          await store.count('t-nobody-v1');
        } finally {
          await store.close();
        }
      };
      await expect(use()).rejects.toMatchObject({ type: 'CredentialsRefused' });
    });
  }
}
