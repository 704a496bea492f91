import { expect, test } from 'vitest';
import { sampleId, samplePoint, samplePoints } from '../../support/stores/samplePoints.ts';
import { type Rig, scanAll } from './rig.ts';

const strange = {
  unicode: 'Übergröße 東京 🚢 e\u0301 "quoted" \\ \'single\' {brace} %s',
  'Größe (cm) / a.b': 12.5,
  integer: 9_007_199_254_740_991,
  negative: -0.125,
  yes: true,
  no: false,
  empty: '',
  multiline: 'one\ntwo\ttabbed',
  tags: ['a', 'b', 'ç'],
  numbers: [1, 2.5, -3],
  flags: [true, false],
  none: [],
  mixed: [1, 'two', null, true],
  nested: { deep: { er: [1, { x: null }] }, 'ke.y': 'v' },
  listOfObjects: [{ a: 1 }, { a: 2 }],
  date: '2026-02-03T04:05:06Z',
};

/** Writing, reading, deleting, counting and scanning points. */
export function pointTests(rig: Rig): void {
  test('points come back as they were written, vectors to 1e-6', async () => {
    const physical = await rig.collection(384);
    const points = samplePoints(40, 384);
    await rig.fill(physical, points);
    const ids = points.map(({ id }) => id);
    const read = await rig
      .store()
      .readPoints(physical, [...ids, sampleId(9_999)], { vectors: true });
    expect(read).toHaveLength(40);
    const byId = new Map(read.map((point) => [point.id, point]));
    for (const { vector, ...rest } of points) {
      const { vector: stored, ...kept } = byId.get(rest.id) ?? { vector: null };
      expect(kept).toEqual(rest);
      const off = vector.map((value, at) => Math.abs(value - (stored?.[at] ?? Number.NaN)));
      expect(Math.max(...off)).toBeLessThanOrEqual(1e-6);
    }
    const without = await rig.store().readPoints(physical, ids, { vectors: false });
    expect(without.every(({ vector }) => vector === null)).toBe(true);
    expect(await rig.store().readPoints(physical, [], { vectors: true })).toEqual([]);
    expect(await rig.store().readPoints(physical, [sampleId(9_999)], { vectors: true })).toEqual(
      [],
    );
  });

  test('texts, ids and metadata of any kind come back equal; null is left out', async () => {
    const physical = await rig.collection(8);
    const point = samplePoint(0, 8, {
      text: `${strange.unicode}\n\n\u0001 control, ${'long '.repeat(2_000)}`,
      metadata: { ...strange, gone: null, undefined: undefined },
      recordId: 'mail/Ünïcode ¶ \'x\' "y"',
      sourceName: 'Korpus — α',
      chunk: 3,
      chunks: 7,
    });
    const bare = samplePoint(1, 8, { metadata: {}, text: '' });
    await rig.store().upsert(physical, [point, bare]);
    const read = await rig.store().readPoints(physical, [point.id, bare.id], { vectors: false });
    const byId = new Map(read.map((one) => [one.id, one]));
    expect(byId.get(point.id)).toEqual({ ...point, vector: null, metadata: strange });
    expect(byId.get(bare.id)).toEqual({ ...bare, vector: null });
  });

  test('the same field may hold values of several types', async () => {
    const physical = await rig.collection(8);
    const values = ['1', 1, true, ['1'], 1.5, { one: 1 }];
    const points = values.map((value, at) => samplePoint(at, 8, { metadata: { value } }));
    const written = await rig
      .store()
      .upsert(physical, points)
      .then(
        () => true,
        (error) => {
          // A typed store may refuse, but then by name.
          expect(error).toMatchObject({ type: 'StoreRejected' });
          return false;
        },
      );
    if (!written) return;
    const { found } = await scanAll(rig.store(), physical);
    expect(points.map(({ id }) => found.get(id)?.metadata.value)).toEqual(values);
  });

  test('metadata under a name of Berth’s own is refused', async () => {
    const physical = await rig.collection(8);
    const point = samplePoint(0, 8, { metadata: { berth_text: 'mine' } });
    await expect(rig.store().upsert(physical, [point])).rejects.toMatchObject({
      type: 'StoreRejected',
      message: expect.stringContaining('berth_text'),
    });
  });

  test('a point written again replaces all of the old one', async () => {
    const physical = await rig.collection(8);
    await rig.store().upsert(physical, samplePoints(10, 8));
    const change = { metadata: { only: 'this' }, text: 'new', recordDigest: 'e'.repeat(64) };
    const changed = samplePoint(4, 8, { vector: samplePoint(99, 8).vector, ...change });
    await rig.store().upsert(physical, [changed]);
    await rig.store().upsert(physical, [changed]);
    expect(await rig.store().count(physical)).toBe(10);
    const [read] = await rig.store().readPoints(physical, [changed.id], { vectors: true });
    expect({ ...read, vector: null }).toEqual({ ...changed, vector: null });
    expect(read?.vector?.[0]).toBeCloseTo(changed.vector[0] as number, 5);
    const hits = await rig.store().search(physical, { vector: changed.vector, limit: 1 });
    expect(hits[0]?.point.id).toBe(changed.id);
    // A record is not found by what it was before.
    for (const [field, value] of [
      ['lang', 'de'],
      ['flag', true],
      ['year', 2004],
    ] as const) {
      const query = { vector: changed.vector, limit: 10, filter: { [field]: value } };
      const found = await rig.store().search(physical, query);
      expect(found.map(({ point }) => point.id)).not.toContain(changed.id);
    }
  });

  test('fields that are called as parts of an object are like any other', async () => {
    const physical = await rig.collection(8);
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const fields: [string, unknown][] = names.map((name) => [name, `a ${name}`]);
    const metadata = Object.fromEntries([...fields, ['kept', 1]]);
    const read = async () => {
      const [point] = await rig
        .store()
        .readPoints(physical, [samplePoint(1, 8).id], { vectors: false });
      return Object.entries(point?.metadata ?? {}).sort();
    };
    await rig.store().upsert(physical, [samplePoint(1, 8, { metadata })]);
    expect(await read()).toEqual(Object.entries(metadata).sort());
    await rig.store().upsert(physical, [samplePoint(1, 8, { metadata: { kept: 2 } })]);
    expect(await read()).toEqual([['kept', 2]]);
  });

  test('a flag of any name that a record no longer has is not searched for', async () => {
    const physical = await rig.collection(8);
    const flags = { 'is-new': true, 'is new': true, kept: true };
    await rig.store().upsert(physical, [samplePoint(1, 8, { metadata: flags })]);
    const now = samplePoint(1, 8, { metadata: { kept: true } });
    await rig.store().upsert(physical, [now]);
    const found = async (field: string) => {
      const query = { vector: now.vector, limit: 5, filter: { [field]: true } };
      return (await rig.store().search(physical, query)).length;
    };
    expect(await found('kept')).toBe(1);
    expect(await found('is-new')).toBe(0);
    expect(await found('is new')).toBe(0);
  });

  test('the last of two points of one id in a batch wins; an empty batch is no error', async () => {
    const physical = await rig.collection(8);
    await rig.store().upsert(physical, []);
    const points = [samplePoint(1, 8), samplePoint(2, 8), samplePoint(1, 8, { text: 'second' })];
    await rig.store().upsert(physical, points);
    expect(await rig.store().count(physical)).toBe(2);
    const [read] = await rig.store().readPoints(physical, [sampleId(1)], { vectors: false });
    expect(read?.text).toBe('second');
  });

  test('its largest batch is taken, and not a point more', async () => {
    const physical = await rig.collection(8);
    const { bestBatch, maxBatch, parallel } = await rig.store().limits(8);
    expect(bestBatch).toBeGreaterThan(0);
    expect(bestBatch).toBeLessThanOrEqual(maxBatch);
    expect(parallel).toBeGreaterThan(0);
    const points = samplePoints(maxBatch + 1, 8);
    if (maxBatch <= 6_000) {
      await rig.store().upsert(physical, points.slice(0, maxBatch));
      expect(await rig.store().count(physical)).toBe(maxBatch);
    }
    await expect(rig.store().upsert(physical, points)).rejects.toMatchObject({
      type: 'StoreRejected',
    });
  });

  test('batches written at the same time, by several drivers, are all kept', async () => {
    const physical = await rig.collection(8);
    const other = await rig.harness.open();
    try {
      const batches = Array.from({ length: 8 }, (_, at) => samplePoints(25, 8, at * 20));
      await Promise.all(
        batches.map((batch, at) => (at % 2 ? other : rig.store()).upsert(physical, batch)),
      );
      expect(await other.count(physical)).toBe(165);
    } finally {
      await other.close();
    }
    const { found } = await scanAll(rig.store(), physical);
    expect([...found.keys()].sort()).toEqual(
      samplePoints(165, 8)
        .map(({ id }) => id)
        .sort(),
    );
  });

  test('deleted points are gone; those that were not there are no error', async () => {
    const physical = await rig.collection(8);
    await rig.store().upsert(physical, samplePoints(20, 8));
    await rig.store().deletePoints(physical, []);
    await rig.store().deletePoints(physical, [sampleId(3), sampleId(7), sampleId(1_000)]);
    await rig.store().deletePoints(physical, [sampleId(3)]);
    expect(await rig.store().count(physical)).toBe(18);
    const gone = await rig.store().readPoints(physical, [sampleId(3)], { vectors: false });
    expect(gone).toEqual([]);
    const hits = await rig
      .store()
      .search(physical, { vector: samplePoint(3, 8).vector, limit: 20 });
    expect(hits.map((hit) => hit.point.id)).not.toContain(sampleId(3));
  });

  test('a scan gives every point exactly once, over many pages', async () => {
    const physical = await rig.collection(8);
    const points = samplePoints(2_500, 8);
    await rig.fill(physical, points);
    const { found, pages } = await scanAll(rig.store(), physical);
    expect(pages).toBeGreaterThan(1);
    expect(found.size).toBe(2_500);
    expect(points.every(({ id }) => found.get(id)?.vector === null)).toBe(true);
    expect(await rig.store().count(physical)).toBe(2_500);
  });

  test('a scan with vectors gives them; one of an empty collection gives nothing', async () => {
    const physical = await rig.collection(8);
    expect((await scanAll(rig.store(), physical, true)).found.size).toBe(0);
    await rig.fill(physical, samplePoints(50, 8));
    const { found } = await scanAll(rig.store(), physical, true);
    const { vector, ...rest } = samplePoint(17, 8);
    const { vector: stored, ...kept } = found.get(rest.id) ?? { vector: null };
    expect(kept).toEqual(rest);
    expect(stored?.length).toBe(8);
    expect(stored?.[5]).toBeCloseTo(vector[5] as number, 5);
  });
}
