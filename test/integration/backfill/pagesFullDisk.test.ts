import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { spaceOf } from '../../../activities/artifacts/plaintext/sharedMemory.ts';
import { openLmdbLedger } from '../../../activities/backfill/lmdbLedger.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import { openMemorySource, wholePartition } from '../../support/backfill/memorySource.ts';
import { createPageRig } from '../../support/backfill/pageRig.ts';
import { createMemoryStore } from '../../support/stores/memoryStore.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { cannotMount, mountTmpfs } from '../../support/tmpfs.ts';

const trial = mountTmpfs('size=1m');
trial?.unmount();
const needsMount = trial ? '' : ` (skipped: ${cannotMount})`;

const records = Array.from({ length: 40 }, (_, number) => ({
  id: `r${number}`,
  text: `${number} ${'x'.repeat(5_000)}`,
}));
const bounds = wholePartition(records.length);

/** A file system with no room left; `free` makes some. */
async function fullDisk(room: number) {
  const disk = mountTmpfs('size=8m');
  if (disk === undefined) throw new Error(cannotMount);
  onTestFinished(() => disk.unmount());
  const ballast = join(disk.path, 'ballast');
  const { freeBytes } = await spaceOf(disk.path);
  writeFileSync(ballast, Buffer.alloc(freeBytes - room));
  return { path: disk.path, free: () => rm(ballast) };
}

const says = /^[^\n]*no space left on its file system; free some and retry$/;
const cases = [
  { place: 'shm', what: 'shared memory', room: 0 },
  { place: 'shm', what: 'shared memory', room: 150_000 },
  { place: 'home', what: 'a disk', room: 0 },
  { place: 'home', what: 'a disk', room: 60_000 },
] as const;

for (const { place, what, room } of cases) {
  test.skipIf(!trial)(
    `${what} that is full but for ${room} bytes fails the page in one line, and harms nothing${needsMount}`,
    async () => {
      const disk = await fullDisk(room);
      const store = createMemoryStore();
      const rig = createPageRig({
        folder: temporaryFolder(`full-${place}-${room}`),
        [place]: disk.path,
        source: openMemorySource(() => records),
        store,
        request: { pageRecords: 40 },
      });
      await expect(rig.embed(bounds, 0, null)).rejects.toMatchObject({
        type: 'OutOfSpace',
        message: expect.stringMatching(says),
      });
      await disk.free();
      await rig.fill(bounds);
      expectExactly(store.points(rig.physical), records);
      await rig.files.useLedger(rig.jobId, (ledger) =>
        expect(ledger.totals()).toEqual({ records: 40, points: 40 }),
      );
    },
  );
}

test.skipIf(!trial)(
  `a ledger whose disk fills up goes on when there is room${needsMount}`,
  async () => {
    const disk = await fullDisk(2 * 2 ** 20);
    const path = join(disk.path, 'ledger');
    const ledger = openLmdbLedger(path);
    onTestFinished(() => ledger.close());
    const claim = (page: number) =>
      ledger.claim({
        partition: 0,
        page,
        round: 0,
        sourceName: 's',
        sample: 0,
        failed: [],
        entries: Array.from({ length: 2_000 }, (_, number) => ({
          recordId: `${page}-${number}-${'x'.repeat(400)}`,
          recordDigest: 'd'.repeat(64),
          chunks: [{ text: 'text', vector: new Float32Array(4) }],
        })),
      });
    let failure: unknown;
    let pages = 0;
    for (; failure === undefined && pages < 100; pages += 1) {
      try {
        claim(pages);
      } catch (error) {
        failure = error;
      }
    }
    expect(failure).toMatchObject({ type: 'OutOfSpace', message: expect.stringMatching(says) });
    await disk.free();
    for (let page = 0; page < pages; page += 1) claim(page);
    expect(ledger.totals()).toEqual({ records: pages * 2_000, points: pages * 2_000 });
    expect([...ledger.records()]).toHaveLength(pages * 2_000);
  },
);
