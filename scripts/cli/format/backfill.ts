import type { BackfillEstimate } from '../../../workflows/contracts/backfill/activities.ts';
import type {
  BackfillResult,
  StoreResult,
} from '../../../workflows/contracts/backfill/progress.ts';
import type { BackfillControl } from '../../../workflows/contracts/backfill/request.ts';
import { formatFields, formatTable } from './table.ts';
import { formatPercent, formatSeconds } from './units.ts';

export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `412 /s`, `3.1 /s`, or `-` where nothing was measured. */
export function formatPerSecond(count: number, seconds: number): string {
  if (count <= 0 || seconds <= 0) return '-';
  const rate = count / seconds;
  return `${rate >= 10 ? formatCount(Math.round(rate)) : rate.toFixed(1)} /s`;
}

/** What a finished backfill delivered, for a person. */
export function formatBackfillReport(result: BackfillResult, url?: string): string {
  if (result.estimate !== null) return formatEstimate(result.estimate);
  const { records, chunks, tokens, embedded, reused, failed, seconds } = result;
  return [
    formatFields([
      ['collection', result.collection],
      ['content', `sha256:${result.contentDigest}`.replace('sha256:endpoint:', 'endpoint:')],
      ['records', `${formatCount(records)} (${formatPerSecond(records, seconds)})`],
      ['chunks', `${formatCount(chunks)}, ${formatCount(tokens)} tokens`],
      ['embedded', formatCount(embedded)],
      ['reused', `${formatCount(reused)} from the cache`],
      ['failed', failed === 0 ? '0' : `${formatCount(failed)}: ${result.deadLetters ?? ''}`],
      ['time', formatSeconds(seconds)],
      ['workflow', url ?? result.workflowId],
    ]),
    '',
    formatStores(result.stores),
    ...(result.notices ?? []),
  ].join('\n');
}

function formatStores(stores: StoreResult[]): string {
  const rows = stores.map((store) => [
    store.store,
    store.physical,
    store.inPlace ? 'in place' : `switched from ${store.previous ?? 'nothing'}`,
    formatCount(store.points),
    formatCount(store.written),
    formatCount(store.unchanged),
    formatCount(store.removed + store.missingDeleted),
    store.recall === null ? '-' : store.recall.toFixed(3),
  ]);
  return formatTable(
    ['store', 'holds', 'how', 'points', 'written', 'unchanged', 'deleted', 'recall@10'],
    rows,
    ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right'],
  );
}

/** What a dry run tells. */
export function formatEstimate(estimate: BackfillEstimate): string {
  const { records, chunks, tokens, reused, toEmbed, sampled, failed, seconds, cost } = estimate;
  const all = sampled >= records;
  return [
    formatFields([
      ['records', formatCount(records)],
      ['chunks', formatCount(chunks)],
      ['tokens', formatCount(tokens)],
      ['to embed', formatCount(toEmbed)],
      ['reused', `${formatCount(reused)} (${formatPercent(chunks > 0 ? reused / chunks : 0)})`],
      ['unreadable', formatCount(failed)],
      [
        'time',
        seconds === null ? 'not known: no former job with this model' : formatSeconds(seconds),
      ],
      ['cost', cost === null ? undefined : cost.toFixed(2)],
      ['looked at', all ? 'all records' : `${formatCount(sampled)} records, scaled to all`],
    ]),
    '',
    ...estimate.stores.map(({ store, inPlace, current, points }) => {
      const what = inPlace
        ? `brings ${current} up to date`
        : `makes a new collection${current === null ? '' : ` beside ${current}`}`;
      return `${store}: ${what}, ${formatCount(points)} points there now`;
    }),
    'nothing was written',
  ].join('\n');
}

export function formatControl({ paused, recordsPerSecond, concurrency }: BackfillControl): string {
  const rate =
    recordsPerSecond === null ? 'no limit' : `${formatCount(recordsPerSecond)} records/s`;
  const partitions = concurrency === 1 ? '1 partition' : `${concurrency} partitions`;
  return `${paused ? 'paused' : 'running'}, ${rate}, ${partitions} at a time`;
}
