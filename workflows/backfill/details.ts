import { recordsRead } from '../contracts/backfill/pages.ts';
import type { BackfillProgress, StoreProgress } from '../contracts/backfill/progress.ts';
import { totalFailed } from './counts.ts';

/** The Web UI draws tables without space between columns. */
const gap = '\u00a0\u00a0';

/** Markdown for the current details in the Web UI: kept in memory, costs no history. */
export function renderDetails(
  progress: BackfillProgress,
  now: number,
  opensAt: number | null,
): string {
  const { counts, partitions } = progress;
  const chunks = counts.embedded + counts.reused;
  const records = recordsRead(counts);
  const rows: [string, string][] = [
    ['stage', progress.stage],
    ['records', `${records} / ${progress.total}${percent(records, progress.total)}`],
    ['partitions', `${partitions.done} done, ${partitions.running} running of ${partitions.total}`],
    [
      'rate',
      progress.recordsPerSecond > 0 ? `${progress.recordsPerSecond.toFixed(1)} records/s` : '',
    ],
    ['time left', duration(progress.etaSeconds)],
    ['running for', duration((now - Date.parse(progress.startedAt)) / 1000)],
    [
      'chunks',
      `${counts.embedded} embedded, ${counts.reused} reused${percent(counts.reused, chunks)}`,
    ],
    ['failed', failures(progress)],
    ['control', control(progress, opensAt)],
  ];
  return [
    `**${progress.message}** · job \`${progress.jobId}\``,
    '',
    ...table(['', ''], rows),
    '',
    ...table(
      storeHead,
      progress.stores.map((store) => storeRow(progress, store)),
    ),
  ].join('\n');
}

const storeHead = ['store', 'collection', 'written', 'unchanged', 'removed', 'throttled', 'state'];

function storeRow({ counts }: BackfillProgress, target: StoreProgress): string[] {
  const { store, physical, inPlace, verification, switched } = target;
  const own = counts.stores[store];
  const figures = own
    ? [own.written, own.unchanged, own.removed, own.throttled].map(String)
    : ['', '', '', ''];
  const failed = verification?.checks.find(({ ok }) => !ok);
  const verified = verification?.ok ? `verified, ${verification.points} points` : '';
  const state = failed ? `${failed.name} failed` : switched ? 'live' : verified;
  return [store, `${physical}${inPlace ? ', in place' : ''}`, ...figures, state];
}

function failures({ counts }: BackfillProgress): string {
  const kinds = Object.entries(counts.failed).filter(([, count]) => count > 0);
  if (kinds.length === 0) return '0';
  return `${totalFailed(counts.failed)}: ${kinds.map(([kind, count]) => `${kind} ${count}`).join(', ')}`;
}

function control({ control, outsideWindow }: BackfillProgress, opensAt: number | null): string {
  const rate = control.recordsPerSecond;
  const parts = [
    control.paused ? 'paused' : '',
    outsideWindow ? `outside its hours${opensAt ? `, on from ${utc(opensAt)}` : ''}` : '',
    `${control.concurrency} at a time`,
    rate === null ? '' : `at most ${rate} records/s`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function table(head: string[], rows: readonly string[][]): string[] {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => escaped(cell) + gap).join(' | ')} |`;
  return [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)];
}

/** Names and addresses are whatever people type. */
const escaped = (text: string): string => text.replace(/[\\|`*_[\]<>]/g, '\\$&');

const percent = (part: number, whole: number): string =>
  whole > 0 ? ` (${((100 * part) / whole).toFixed(1)} %)` : '';

const utc = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

function duration(seconds: number | null): string {
  if (seconds === null) return '';
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.round(seconds)} s`;
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
