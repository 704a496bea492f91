import type { BackfillRun } from '../backfilling/backfillRun.ts';
import type { BenchReport, BenchRow } from '../bench.ts';
import { median } from '../statistics.ts';
import type { Difference } from './compareIds.ts';
import type { Death } from './killAtRandom.ts';
import type { SentText } from './watchTexts.ts';

export interface ResumeRun extends BackfillRun {
  deaths: readonly Death[];
  sent: readonly SentText[];
  differences: readonly Difference[];
}

export interface ResumeSetting {
  records: number;
  pageRecords: number;
  partitionPages: number;
  seed: number;
}

/** Texts that a partition's bridges got again after a kill and before the next. */
export interface Redone {
  victim: string;
  partition: number;
  texts: number;
}

export function reportResume(
  setting: ResumeSetting,
  undisturbed: ResumeRun,
  disturbed: readonly ResumeRun[],
): BenchReport {
  const { records, pageRecords, seed } = setting;
  const deaths = disturbed.flatMap((run) => run.deaths);
  const redone = disturbed.flatMap((run) => redoneBy(run, setting));
  const worst = Math.max(0, ...redone.map(({ texts }) => texts));
  const again = disturbed.reduce((sum, { sent }) => sum + sent.length - records, 0);
  const begun = ({ pages }: ResumeRun) => attemptsOf(pages, 'embedPage');
  const differences = [undisturbed, ...disturbed].flatMap((run) => run.differences);
  const lost = differences.reduce((sum, each) => sum + each.lost, 0);
  const surplus = differences.reduce((sum, each) => sum + each.surplus, 0);
  const beside = (name: string, value: number) => ({ alternative: { name, value } });
  const none = 'undisturbed';
  const rows: BenchRow[] = [
    {
      ...{ measure: 'texts given to bridges, a backfill', unit: 'texts' },
      ours: mean(disturbed.map(({ sent }) => sent.length)),
      ...beside(none, undisturbed.sent.length),
    },
    {
      ...{ measure: 'texts embedded again, a kill', unit: 'texts' },
      ours: again / Math.max(1, deaths.length),
    },
    {
      ...{ measure: 'the same, worst partition and kill', unit: 'pages' },
      ours: worst / pageRecords,
    },
    {
      ...{ measure: 'pages begun, from the cache included, a backfill', unit: 'pages' },
      ours: mean(disturbed.map(begun)),
      ...beside(none, begun(undisturbed)),
    },
    {
      ...{ measure: 'pages written into a store, begun, a backfill', unit: 'pages' },
      ours: mean(disturbed.map(({ pages }) => attemptsOf(pages, 'writePage'))),
      ...beside(none, attemptsOf(undisturbed.pages, 'writePage')),
    },
    {
      ...{ measure: 'fill', unit: 's', ours: median(disturbed.map((run) => run.fillSeconds)) },
      ...beside(none, undisturbed.fillSeconds),
    },
  ];
  return {
    rows,
    targets: [
      {
        ...{ measure: 'work done again', target: 'at most one page a partition and kill' },
        met: deaths.length === 0 ? null : worst <= pageRecords,
        note: `${deaths.length} kills: ${deaths.map(({ victim }) => victim).join(', ')}`,
      },
      {
        ...{ measure: 'ids of source and stores', target: '0 lost, 0 doubled' },
        met: lost === 0 && surplus === 0,
        note: `${lost} lost, ${surplus} doubled or unknown, in ${differences.length} comparisons`,
      },
      {
        ...{ measure: 'the counting', target: 'sees each text of the undisturbed backfill once' },
        met: undisturbed.sent.length === records && undisturbed.result.chunks === records,
      },
    ],
    notes: [
      `${records} records of one chunk each in pages of ${pageRecords}, ${setting.partitionPages} pages a partition, into Chroma and LanceDB; --seed ${seed} repeats the choices`,
      'a text counts as often as a bridge gets it, also where its page was lost before it was embedded',
      ...redone
        .filter(({ texts }) => texts > 0)
        .map(
          ({ victim, partition, texts }) => `${victim}: ${texts} texts of partition ${partition}`,
        ),
    ],
  };
}

/** Repetitions by the last kill before them. Pure. */
export function redoneBy(
  { deaths, sent }: Pick<ResumeRun, 'deaths' | 'sent'>,
  { pageRecords, partitionPages }: ResumeSetting,
): Redone[] {
  const seen = new Set<number>();
  const redone = new Map<string, Redone>();
  for (const { record, at } of [...sent].sort((a, b) => a.at - b.at)) {
    if (!seen.has(record)) {
      seen.add(record);
      continue;
    }
    const kill = deaths.filter((death) => death.at <= at).length;
    const partition = Math.floor(record / (pageRecords * partitionPages));
    const key = `${kill} ${partition}`;
    const victim = deaths[kill - 1]?.victim ?? 'nobody killed';
    const before = redone.get(key)?.texts ?? 0;
    redone.set(key, { victim, partition, texts: before + 1 });
  }
  return [...redone.values()];
}

function attemptsOf(pages: ResumeRun['pages'], type: 'embedPage' | 'writePage'): number {
  return pages.filter((page) => page.type === type).reduce((sum, page) => sum + page.attempts, 0);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
