import { expect, test } from 'vitest';
import type { CollectionLayout } from '../../../workflows/contracts/backfill/request.ts';
import { samplePoints, sampleSpec } from '../../support/stores/samplePoints.ts';
import type { Rig } from './rig.ts';

const quantizations: CollectionLayout['quantization'][] = ['none', 'scalar', 'binary', 'half'];

/** Making, describing, listing and dropping collections. */
export function collectionTests(rig: Rig): void {
  test('a collection keeps its spec, and making it again changes nothing', async () => {
    const name = rig.name();
    const physical = `${name}-v1`;
    const spec = sampleSpec(name, 8, { fullText: rig.store().capabilities.hybrid !== 'none' });
    expect(await rig.store().readSpec(physical)).toBeUndefined();
    await rig.store().createCollection(physical, spec);
    await rig.fill(physical, samplePoints(3, 8));
    await rig.store().createCollection(physical, spec);
    await rig.store().createCollection(physical, { ...spec, createdAt: '2027-01-01T00:00:00Z' });
    expect(await rig.store().readSpec(physical)).toEqual(spec);
    expect(await rig.store().count(physical)).toBe(3);
  });

  test('a collection of other dimensions, or of another job, is not taken for one’s own', async () => {
    const physical = await rig.collection(8);
    const spec = await rig.store().readSpec(physical);
    if (spec === undefined) throw new Error('the collection has no spec');
    const embedding = { ...spec.embedding, dimensions: 9 };
    for (const other of [
      { ...spec, embedding },
      { ...spec, jobId: 'f'.repeat(32) },
      { ...spec, embedding: { ...spec.embedding, contentDigest: 'ef'.repeat(32) } },
    ]) {
      await expect(rig.store().createCollection(physical, other)).rejects.toMatchObject({
        type: 'DimensionMismatch',
        message: expect.stringContaining(physical),
      });
    }
    expect(await rig.store().readSpec(physical)).toEqual(spec);
  });

  test('two that make the same collection at once both succeed', async () => {
    const name = rig.name();
    const spec = sampleSpec(name, 8);
    const other = await rig.harness.open();
    try {
      await Promise.all(
        [rig.store(), other].map((store) => store.createCollection(`${name}-v1`, spec)),
      );
    } finally {
      await other.close();
    }
    expect(await rig.store().readSpec(`${name}-v1`)).toEqual(spec);
  });

  test('collections are listed, of one name or of all, and dropped', async () => {
    const [one, two] = [rig.name(), rig.name()];
    const physicals = [`${one}-v1`, `${one}-v2`, `${two}-v1`];
    for (const physical of physicals) {
      const spec = sampleSpec(physical.slice(0, -3), 8);
      await rig.store().createCollection(physical, spec);
    }
    const listed = async (collection?: string) =>
      (await rig.store().listCollections(collection)).map(({ physical }) => physical).sort();
    expect(await listed(one)).toEqual([`${one}-v1`, `${one}-v2`]);
    expect(await listed()).toEqual(expect.arrayContaining(physicals));
    const [first] = await rig.store().listCollections(two);
    expect(first?.spec).toEqual(sampleSpec(two, 8));
    await rig.store().dropCollection(`${one}-v1`);
    await rig.store().dropCollection(`${one}-v1`);
    expect(await listed(one)).toEqual([`${one}-v2`]);
    expect(await rig.store().readSpec(`${one}-v1`)).toBeUndefined();
  });

  test('a dropped collection is gone for every driver, and its name is free', async () => {
    const physical = await rig.collection(8);
    const other = await rig.harness.open();
    try {
      await other.upsert(physical, samplePoints(2, 8));
      await rig.store().dropCollection(physical);
      await expect(other.count(physical)).rejects.toMatchObject({ type: 'CollectionNotFound' });
      const spec = sampleSpec(physical.slice(0, -3), 12);
      await rig.store().createCollection(physical, spec);
      expect(await other.readSpec(physical)).toEqual(spec);
      await other.upsert(physical, samplePoints(1, 12));
      expect(await rig.store().count(physical)).toBe(1);
    } finally {
      await other.close();
    }
  });

  for (const quantization of quantizations) {
    test(`quantization ${quantization} works or is refused`, async () => {
      const { capabilities } = rig.store();
      const name = rig.name();
      const creating = rig
        .store()
        .createCollection(`${name}-v1`, sampleSpec(name, 64, { quantization }));
      if (!capabilities.quantization.includes(quantization)) {
        await expect(creating).rejects.toMatchObject({ type: 'StoreUnsupported' });
        expect(await rig.store().readSpec(`${name}-v1`)).toBeUndefined();
        return;
      }
      await creating;
      const points = samplePoints(300, 64);
      await rig.store().beginLoad(`${name}-v1`);
      await rig.fill(`${name}-v1`, points);
      await rig.store().finishLoad(`${name}-v1`);
      for (const point of points.slice(0, 10)) {
        const hits = await rig.store().search(`${name}-v1`, { vector: point.vector, limit: 5 });
        expect(hits.map((hit) => hit.point.id)).toContain(point.id);
      }
    });
  }

  test('more dimensions than it can keep are refused', async () => {
    const name = rig.name();
    const spec = sampleSpec(name, rig.store().capabilities.maxDimensions + 1);
    await expect(rig.store().createCollection(`${name}-v1`, spec)).rejects.toMatchObject({
      type: 'DimensionMismatch',
    });
  });
}
