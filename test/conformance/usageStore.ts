import { describe, expect, onTestFinished, test } from 'vitest';
import type { UsageStore } from '../../activities/usage/usageStore.ts';
import { usageRecord } from '../support/usage/usageRecords.ts';

/**
 * What every store of usage has to do.
 * @param open Opens one and the same fresh store, each call on a connection of its own.
 */
export function usageStoreConformance(
  name: string,
  createFresh: () => Promise<{ open(): Promise<UsageStore> }>,
): void {
  async function fresh(count: number): Promise<UsageStore[]> {
    const { open } = await createFresh();
    // All at a time: each of them finds, or makes, the tables.
    const stores = await Promise.all(Array.from({ length: count }, open));
    onTestFinished(async () => {
      await Promise.all(stores.map((store) => store.close()));
    });
    return stores;
  }
  const one = async (): Promise<UsageStore> => (await fresh(1))[0] as UsageStore;

  describe(`usage store: ${name}`, () => {
    test('a record comes back as it was handed over', async () => {
      const store = await one();
      const gang = usageRecord('gang', {
        requestId: 'r',
        team: "a/b'c",
        label: 'é "quoted" ? $1',
        profileKey: 'sha256:12',
        priority: -3,
        submittedAt: 1_763_900_000_123,
        grantedAt: 1_763_900_001_123,
        endedAt: 1_763_900_002_123,
        end: 'host-lapsed',
        expectedSeconds: 0.5,
        devices: [
          { deviceId: 'd0', hostId: 'h', model: 'H100', milli: 1000, memoryMib: 81_559 },
          { deviceId: 'd1', hostId: 'h', model: 'H100', milli: 1000, memoryMib: 81_559 },
        ],
        cpuMilli: 1500.5,
        hostMemoryMib: 2 ** 33,
      });
      await store.record([gang, usageRecord('plain')]);
      expect(await store.leases()).toEqual([usageRecord('plain'), gang]);
    });

    test('each lease is kept once, first come, however often it is handed over', async () => {
      const stores = await fresh(3);
      const batch = Array.from({ length: 450 }, (_, index) => usageRecord(`l${index}`));
      await Promise.all(
        stores.flatMap((store) => [store.record(batch), store.record(batch.toReversed())]),
      );
      await stores[0]?.record([usageRecord('l7', { label: 'another' }), usageRecord('new')]);
      const kept = (await stores[1]?.leases()) ?? [];
      expect(kept).toHaveLength(451);
      expect(kept.find(({ leaseId }) => leaseId === 'l7')?.label).toBe('train.py');
    });

    test('a batch with one bad record leaves nothing behind', async () => {
      const store = await one();
      const bad = usageRecord('bad', { label: null as unknown as string });
      await expect(store.record([usageRecord('good'), bad])).rejects.toMatchObject({
        type: 'StackUnavailable',
      });
      expect(await store.leases()).toEqual([]);
    });

    test('an empty batch is no error', async () => {
      const store = await one();
      await store.record([]);
      await store.recordUse([]);
      expect(await store.leases()).toEqual([]);
    });

    test('filters narrow by pool, team with what is below it, end, profile and number', async () => {
      const store = await one();
      await store.record([
        usageRecord('a', { team: 'a_b', endedAt: 10 }),
        usageRecord('b', { team: 'a_b/nlp', endedAt: 20, profileKey: 'p' }),
        usageRecord('c', { team: 'acb/nlp', endedAt: 30, profileKey: 'p' }),
        usageRecord('d', { team: 'a_bc', endedAt: 40, pool: 'night' }),
      ]);
      const found = async (filter: Parameters<UsageStore['leases']>[0]) =>
        (await store.leases(filter)).map(({ leaseId }) => leaseId);
      expect(await found({ team: 'a_b' })).toEqual(['a', 'b']);
      expect(await found({ pool: 'night' })).toEqual(['d']);
      expect(await found({ since: 20 })).toEqual(['c', 'd']);
      expect(await found({ profileKey: 'p', limit: 1 })).toEqual(['c']);
      expect(await found({ limit: 3 })).toEqual(['b', 'c', 'd']);
    });

    test('what is seen of a lease replaces what was seen before, and adds up over watchers', async () => {
      const store = await one();
      await store.record([usageRecord('a'), usageRecord('b', { team: 'other' })]);
      const use = { leaseId: 'a', deviceId: 'd0', since: 1, samples: 1, utilization: 0.5 };
      await store.recordUse([{ ...use, peakMib: null }]);
      const later = { ...use, samples: 2, utilization: 0.75, peakMib: 100.5 };
      const restarted = { ...use, since: 2, peakMib: 7 };
      await store.recordUse([later, restarted, { ...restarted, leaseId: 'b' }]);
      expect(await store.uses({ team: 'nlp' })).toEqual([later, restarted]);
    });
  });
}
