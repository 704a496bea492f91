import { expect, test } from 'vitest';
import { noCounts } from '../../../../workflows/backfill/counts.ts';
import { renderDetails } from '../../../../workflows/backfill/details.ts';
import type { BackfillProgress } from '../../../../workflows/contracts/backfill/progress.ts';

const startedAt = '2026-03-01T10:00:00.000Z';
const now = Date.parse(startedAt) + 3 * 60 * 60_000;

const progress: BackfillProgress = {
  ...{ jobId: '0'.repeat(32), stage: 'fill', message: '3 of 8 partitions done' },
  control: { paused: false, recordsPerSecond: 50, concurrency: 2 },
  ...{ outsideWindow: true, total: 1000, recordsPerSecond: 12.34, etaSeconds: 7_500, startedAt },
  partitions: { done: 3, running: 2, total: 8 },
  counts: {
    ...noCounts(),
    ...{ records: 400, chunks: 800, embedded: 600, reused: 200, failed: { malformed: 2 } },
    stores: { chroma: { written: 700, unchanged: 50, removed: 3, throttled: 4 } },
  },
  stores: [
    {
      ...{ store: 'chroma', physical: 'docs-v2', inPlace: false, switched: false },
      verification: {
        ...{ ok: false, points: 9, recall: null, seconds: 1 },
        checks: [{ name: 'count', ok: false, detail: '9 points, expected 10', value: 9 }],
      },
    },
    {
      ...{ store: 'pgvector=postgres://a|b', physical: 'docs-v1', inPlace: true },
      ...{ verification: null, switched: true },
    },
  ],
};

test('the details tell how far a job is, at what rate, and how each store does', () => {
  const opensAt = Date.parse('2026-03-01T22:00:00Z');
  const text = renderDetails(progress, now, opensAt).replaceAll('\u00a0', '');
  const rows = [
    '**3 of 8 partitions done** · job',
    '| records | 400 / 1000 (40.0 %) |',
    '| partitions | 3 done, 2 running of 8 |',
    '| rate | 12.3 records/s |',
    '| time left | 2 h 5 min |',
    '| running for | 3 h 0 min |',
    '| chunks | 600 embedded, 200 reused (25.0 %) |',
    '| failed | 2: malformed 2 |',
    '| control | outside its hours, on from 2026-03-01 22:00 UTC, 2 at a time, at most 50 records/s |',
    '| chroma | docs-v2 | 700 | 50 | 3 | 4 | count failed |',
    '| pgvector=postgres://a\\|b | docs-v1, in place |  |  |  |  | live |',
  ];
  for (const row of rows) expect(text).toContain(row);
});
