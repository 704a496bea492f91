import type { BenchReport, BenchRow, BenchTarget } from '../bench.ts';
import type { ScaleOutcome, ScaleSetting } from './runScale.ts';

/** Where Temporal begins to warn of a run's history. */
const warnEvents = 10_240;
const warnBytes = 10 * 2 ** 20;

const aim = 10_000_000;

export function reportScale(setting: ScaleSetting, outcome: ScaleOutcome): BenchReport {
  const { records } = setting;
  const { result, seconds, counts, job, partitions, memory } = outcome;
  const pages = Math.ceil(records / setting.pageRecords);
  const rate = records / seconds;
  const row = (measure: string, unit: string, ours: number): BenchRow => ({ measure, unit, ours });
  const early = peakBytes(outcome, 0, records / 2);
  const late = peakBytes(outcome, records / 2, records);
  const longest = Math.max(job.maxEvents, partitions.maxEvents);
  const largest = Math.max(job.maxBytes, partitions.maxBytes);
  const targets: BenchTarget[] = [
    {
      measure: 'histories',
      target: `no run beyond ${warnEvents} events or ${warnBytes / 2 ** 20} MiB, where Temporal warns`,
      met: longest < warnEvents && largest < warnBytes,
    },
    {
      measure: 'records',
      target: 'each embedded, written and counted once',
      met: [result.records, counts.embeddedRecords, counts.writtenRecords].every(
        (count) => count === records,
      ),
      note: `${result.records} in the result, ${counts.embeddedRecords} embedded, ${counts.writtenRecords} written`,
    },
    {
      measure: "workflow worker's memory",
      target: 'does not grow by more than a quarter in the second half',
      met: early === 0 || late === 0 ? null : late <= 1.25 * early,
    },
  ];
  return {
    rows: [
      row('records', 'records/s', rate),
      row('pages', '/s', pages / seconds),
      row('the whole job', 's', seconds),
      row('runs of the job', 'runs', job.runs),
      row('longest history of the job', 'events', job.maxEvents),
      row('largest history of the job', 'MiB', job.maxBytes / 2 ** 20),
      row('partitions and their runs', 'runs', partitions.runs),
      row('longest history of a partition', 'events', partitions.maxEvents),
      row('largest history of a partition', 'MiB', partitions.maxBytes / 2 ** 20),
      row(
        'history a page, all workflows',
        'events',
        (job.totalEvents + partitions.totalEvents) / pages,
      ),
      row(
        'history a page, all workflows',
        'KiB',
        (job.totalBytes + partitions.totalBytes) / pages / 1024,
      ),
      row("workflow worker's memory, first half", 'MiB', early / 2 ** 20),
      row("workflow worker's memory, second half", 'MiB', late / 2 ** 20),
    ],
    targets,
    notes: [
      `workflow worker's memory by tenths of the records, MiB: ${byTenths(setting, outcome)}`,
      `${records} records in pages of ${setting.pageRecords}, ${setting.partitionPages} pages a partition, ${setting.concurrency} at a time under leases; activities only count; ${memory.length} samples of memory`,
      ...(records < aim
        ? [
            `at this rate ${aim} records take ${Math.round(aim / rate)} s: histories are bounded by run, so the rest is proportional`,
          ]
        : []),
    ],
  };
}

function peakBytes({ memory }: ScaleOutcome, from: number, to: number): number {
  return memory
    .filter(({ records }) => records >= from && records < to)
    .reduce((peak, { bytes }) => Math.max(peak, bytes), 0);
}

/** Shows whether memory grows all the time, or once. */
function byTenths({ records }: ScaleSetting, outcome: ScaleOutcome): string {
  const peaks = Array.from({ length: 10 }, (_, tenth) =>
    peakBytes(outcome, (tenth * records) / 10, ((tenth + 1) * records) / 10),
  );
  return peaks.map((bytes) => (bytes === 0 ? '-' : String(Math.round(bytes / 2 ** 20)))).join(', ');
}
