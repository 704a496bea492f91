import { describe, expect, onTestFinished, test } from 'vitest';
import type { RecordSource, SourceRecord } from '../../activities/sources/recordSource.ts';
import type { RecordFailureKind } from '../../workflows/contracts/backfill/pages.ts';
import { failuresOf, readAll, readItems, recordsOf } from '../support/sources/readSource.ts';

export interface Corpus {
  /** As another process would: each call another source over the same corpus. */
  open(): Promise<RecordSource>;
  /** A folder that lives as long as a job. */
  scratch: string;
  /** What has to come out, in any order. */
  records: SourceRecord[];
  /** What cannot be read, by kind. */
  failures: RecordFailureKind[];
  /** Changes what was planned so that its borders no longer hold; absent: nothing can. */
  rewrite?(): Promise<void>;
  /** Adds or changes records without touching planned borders: those that are new then. */
  change?(): Promise<SourceRecord[]>;
}

/** @param bad Among them are records that cannot be read. */
export type MakeCorpus = (records: number, bad: boolean) => Promise<Corpus>;

const byId = (a: SourceRecord, b: SourceRecord): number => (a.id < b.id ? -1 : 1);
const sorted = (records: SourceRecord[]): SourceRecord[] => records.toSorted(byId);

/**
 * What every kind of corpus has to do.
 * @param can What can befall the corpus; each of them has to be among the corpus' functions.
 */
export function describeRecordSource(
  name: string,
  makeCorpus: MakeCorpus,
  can: ('rewrite' | 'change')[] = ['rewrite', 'change'],
): void {
  async function fresh(records: number, bad = false) {
    const corpus = await makeCorpus(records, bad);
    const open = async (): Promise<RecordSource> => {
      const source = await corpus.open();
      onTestFinished(() => source.close());
      return source;
    };
    return { ...corpus, open, source: await open() };
  }

  describe(`record source: ${name}`, () => {
    test.each([
      [0, 5, 4],
      [1, 5, 4],
      [23, 5, 100],
      [40, 1, 6],
      [60, 1000, 3],
    ])('%i records in partitions of %i, at most %i: each comes once', async (count, size, most) => {
      const { source, records, scratch } = await fresh(count);
      const plan = await source.plan({ partitionRecords: size, maxPartitions: most, scratch });
      expect(plan.partitions.length).toBeLessThanOrEqual(most);
      expect(plan.partitions.length).toBeGreaterThanOrEqual(Math.min(count, 1));
      expect(plan.partitions.map(({ index }) => index)).toEqual(
        plan.partitions.map((_, index) => index),
      );
      for (const { from, to } of plan.partitions) {
        expect(from.length).toBeLessThanOrEqual(500);
        expect((to ?? '').length).toBeLessThanOrEqual(500);
      }
      expect(plan.partitions.reduce((sum, { records }) => sum + records, 0)).toBe(plan.records);
      if (plan.exact) expect(plan.records).toBe(count);
      const items = await readAll(source, plan.partitions, scratch);
      expect(failuresOf(items)).toEqual([]);
      expect(sorted(recordsOf(items))).toEqual(sorted(records));
    });

    test('from every cursor on comes exactly the rest', async () => {
      const { source, open, scratch } = await fresh(17, true);
      const plan = await source.plan({ partitionRecords: 6, maxPartitions: 10, scratch });
      const other = await open();
      for (const partition of plan.partitions) {
        const items = await readItems(source, partition, scratch);
        for (const [index, { next }] of items.entries()) {
          const rest = await readItems(other, partition, scratch, next);
          expect(rest).toEqual(items.slice(index + 1));
        }
      }
    });

    test('partitions are read in any order, at a time, and by another process', async () => {
      const { source, open, records, scratch } = await fresh(50);
      const plan = await source.plan({ partitionRecords: 4, maxPartitions: 9, scratch });
      const others = await Promise.all([open(), open()]);
      const items = await Promise.all(
        plan.partitions
          .toReversed()
          .map((partition, index) =>
            readItems(others[index % 2] as RecordSource, partition, scratch),
          ),
      );
      expect(sorted(recordsOf(items.flat()))).toEqual(sorted(records));
    });

    test('a second plan gives the same ids and fingerprint', async () => {
      const { source, open, scratch } = await fresh(20);
      const other = await open();
      const options = { maxPartitions: 10, scratch };
      const first = await source.plan({ ...options, partitionRecords: 3 });
      const second = await other.plan({ ...options, partitionRecords: 7 });
      expect(second.fingerprint).toBe(first.fingerprint);
      expect(sorted(recordsOf(await readAll(other, second.partitions, scratch)))).toEqual(
        sorted(recordsOf(await readAll(source, first.partitions, scratch))),
      );
    });

    test('what cannot be read comes as a failure, and the rest goes on', async () => {
      const { source, records, failures, scratch } = await fresh(12, true);
      const plan = await source.plan({ partitionRecords: 4, maxPartitions: 10, scratch });
      const items = await readAll(source, plan.partitions, scratch);
      expect(sorted(recordsOf(items))).toEqual(sorted(records));
      const found = failuresOf(items);
      expect(found.map(({ kind }) => kind).toSorted()).toEqual(failures.toSorted());
      for (const { reason, place, excerpt } of found) {
        expect(reason).toMatch(/^[^\n]{10,500}$/);
        expect(place).not.toBe('');
        expect(excerpt.length).toBeLessThanOrEqual(2000);
      }
      expect(new Set(found.map(({ place }) => place)).size).toBe(found.length);
    });

    test('reading ends when it is told to', async () => {
      const { source, scratch } = await fresh(30);
      const plan = await source.plan({ partitionRecords: 30, maxPartitions: 1, scratch });
      const abort = new AbortController();
      abort.abort();
      const items = source.read(plan.partitions[0]!, null, { scratch, signal: abort.signal });
      await expect(items[Symbol.asyncIterator]().next()).rejects.toThrow(/abort/i);
    });

    if (can.includes('rewrite'))
      test('a corpus whose borders no longer hold is told of', async () => {
        const { source, open, scratch, rewrite } = await fresh(20);
        const plan = await source.plan({ partitionRecords: 6, maxPartitions: 10, scratch });
        await rewrite!();
        const read = readAll(await open(), plan.partitions, scratch);
        await expect(read).rejects.toMatchObject({ type: 'SourceChanged' });
      });

    if (can.includes('change'))
      test('changes are found, each once, and borders hold', async () => {
        const { source, open, records, scratch, change } = await fresh(20);
        const options = { partitionRecords: 6, maxPartitions: 10, scratch };
        const plan = await source.plan(options);
        const { changesSince } = source;
        expect(changesSince).toBeDefined();
        const ask = async (token: string, firstIndex: number) => {
          const other = await open();
          const changes = await other.changesSince!({ ...options, changeToken: token, firstIndex });
          return { ...changes, items: await readAll(other, changes.partitions, scratch) };
        };
        const none = await ask(plan.changeToken ?? '', 50);
        expect(none.partitions).toEqual([]);

        const changed = await change!();
        const ids = new Set(changed.map(({ id }) => id));
        const planned = recordsOf(await readAll(await open(), plan.partitions, scratch));
        // A record that was changed since may be read as it is now.
        const stable = (all: SourceRecord[]) => sorted(all.filter(({ id }) => !ids.has(id)));
        expect(stable(planned)).toEqual(stable(records));

        const found = await ask(none.changeToken, 50);
        expect(found.partitions.map(({ index }) => index)).toEqual(
          found.partitions.map((_, index) => 50 + index),
        );
        expect(sorted(recordsOf(found.items))).toEqual(sorted(changed));
        expect((await ask(found.changeToken, 60)).partitions).toEqual([]);
      });
  });
}
