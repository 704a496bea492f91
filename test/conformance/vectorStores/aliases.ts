import { expect, test } from 'vitest';
import { samplePoint, sampleSpec } from '../../support/stores/samplePoints.ts';
import type { Rig } from './rig.ts';

/** Aliases: one name, one collection at any moment. */
export function aliasTests(rig: Rig): void {
  test('an alias names a collection with its spec, is moved, and is removed', async () => {
    const name = rig.name();
    const [one, two] = [`${name}-v1`, `${name}-v2`];
    expect(await rig.store().resolveAlias(name)).toBeUndefined();
    expect(await rig.store().switchAlias(name, null)).toBeNull();
    await rig.store().createCollection(one, sampleSpec(name, 8));
    await rig.store().createCollection(two, sampleSpec(name, 12));
    expect(await rig.store().resolveAlias(name)).toBeUndefined();
    expect(await rig.store().switchAlias(name, one)).toBeNull();
    expect(await rig.store().resolveAlias(name)).toEqual({
      physical: one,
      spec: sampleSpec(name, 8),
    });
    expect(await rig.store().switchAlias(name, two)).toBe(one);
    expect(await rig.store().switchAlias(name, two)).toBe(two);
    const other = await rig.harness.open();
    try {
      expect(await other.resolveAlias(name)).toEqual({
        physical: two,
        spec: sampleSpec(name, 12),
      });
      const listed = await other.listCollections(name);
      expect(listed.map(({ physical }) => physical).sort()).toEqual([one, two]);
    } finally {
      await other.close();
    }
    expect(await rig.store().switchAlias(name, null)).toBe(two);
    expect(await rig.store().resolveAlias(name)).toBeUndefined();
    expect(await rig.store().readSpec(two)).toEqual(sampleSpec(name, 12));
  });

  test('an alias of a collection that is not there is refused, and the old one stays', async () => {
    const name = rig.name();
    await rig.store().createCollection(`${name}-v1`, sampleSpec(name, 8));
    await rig.store().switchAlias(name, `${name}-v1`);
    await expect(rig.store().switchAlias(name, `${name}-v9`)).rejects.toMatchObject({
      type: 'CollectionNotFound',
    });
    expect((await rig.store().resolveAlias(name))?.physical).toBe(`${name}-v1`);
  });

  test('an alias whose collection is dropped names nothing, nor another one of its name', async () => {
    const name = rig.name();
    await rig.store().createCollection(`${name}-v1`, sampleSpec(name, 8));
    await rig.store().switchAlias(name, `${name}-v1`);
    await rig.store().dropCollection(`${name}-v1`);
    expect(await rig.store().resolveAlias(name)).toBeUndefined();
    await rig.store().createCollection(`${name}-v1`, sampleSpec(name, 8));
    expect(await rig.store().resolveAlias(name)).toBeUndefined();
  });

  test('a reader sees the old or the new collection at every moment of a switch', async () => {
    const name = rig.name();
    const physicals = [`${name}-v1`, `${name}-v2`];
    const dimensions = new Map(physicals.map((physical, at) => [physical, 8 + 4 * at]));
    for (const physical of physicals) {
      const size = dimensions.get(physical) as number;
      await rig.store().createCollection(physical, sampleSpec(name, size));
      await rig.store().upsert(physical, [samplePoint(1, size)]);
    }
    await rig.store().switchAlias(name, `${name}-v1`);
    const reader = await rig.harness.open();
    let done = false;
    let reads = 0;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!done) {
        const found = await reader.resolveAlias(name);
        if (found === undefined) throw new Error('the alias named nothing');
        const size = found.spec.embedding.dimensions;
        if (size !== dimensions.get(found.physical)) throw new Error('spec of the other one');
        const { vector } = samplePoint(1, size);
        const [hit] = await reader.search(found.physical, { vector, limit: 1 });
        if (hit === undefined || hit.score < 0.999) throw new Error('not its own vectors');
        seen.add(found.physical);
        reads += 1;
      }
    })();
    try {
      for (let round = 0; round < 10 || reads < 20; round += 1) {
        await rig.store().switchAlias(name, physicals[(round + 1) % 2] as string);
        // Lets the reader in where a driver answers without waiting.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      done = true;
      await reading.finally(() => reader.close());
    }
    expect([...seen].sort()).toEqual(physicals);
  });
}
