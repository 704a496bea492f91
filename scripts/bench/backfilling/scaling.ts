import { formatCoreSet } from '../../../workers/devices/coreSets.ts';
import { allowedCores } from '../../../workers/devices/cpuTopology.ts';
import type { BackfillSetting } from '../backfill.ts';
import type { BenchReport, Say } from '../bench.ts';
import type { Tidy } from '../ingesting/tidily.ts';
import { interleave, median, medianRatio } from '../statistics.ts';
import { runBackfill } from './backfillRun.ts';
import { type Corpus, createCorpora } from './corpus.ts';
import { requireCold } from './overhead.ts';
import { sampleModel, startSampleStack, warmUpRecords } from './sampleStack.ts';

const targetRatio = 1.7;
/** With fewer, the server and the other workers have no core that no device has. */
const enoughCores = 4;
const longestText = 600;

/** One partition after the other on one of two devices, and both at a time on both. */
export async function measureScaling(
  setting: BackfillSetting,
  say: Say,
  tidy: Tidy,
  interrupted: AbortSignal,
): Promise<BenchReport> {
  const { records, rounds } = setting;
  say('backfill: starting a stack with two devices');
  const cores = allowedCores();
  const half = cores.length >> 1;
  const sets = [cores.slice(0, half), cores.slice(half, 2 * half)].map(formatCoreSet);
  const own = await startSampleStack(setting, sets.join(';'), tidy);
  const writeCorpus = await createCorpora(own.home, records, longestText);
  const partitionRecords = Math.ceil(records / 2);
  const pageRecords = Math.min(setting.pageRecords, Math.ceil(partitionRecords / 2));
  const partitionPages = Math.ceil(partitionRecords / pageRecords);
  const backfill = (corpus: Corpus, concurrency: number) => {
    const { path: source, name: collection } = corpus;
    const asked = { source, collection, stores: ['lancedb'], model: sampleModel };
    const cut = { concurrency, pageRecords, partitionPages };
    return runBackfill(own, { ...asked, ...cut }, interrupted);
  };
  say('backfill: warming up with two devices');
  await backfill(await writeCorpus(warmUpRecords), 2);
  const fill = (concurrency: number) => async () => {
    const corpus = await writeCorpus();
    say(`backfill: ${records} records of ${corpus.name}, ${concurrency} at a time`);
    const run = await backfill(corpus, concurrency);
    requireCold(run, records);
    return records / run.fillSeconds;
  };
  const { one, two } = await interleave(rounds, { one: fill(1), two: fill(2) });
  const ratio = medianRatio(two, one);
  const measure = 'two device workers';
  const few = cores.length < enoughCores;
  return {
    rows: [
      {
        ...{ measure, unit: 'records/s', ours: median(two), ratio },
        alternative: { name: 'one of them', value: median(one) },
      },
    ],
    targets: [
      {
        ...{
          measure,
          target: `at least ${targetRatio} x one`,
          met: few ? null : ratio >= targetRatio,
        },
        note: few
          ? `${ratio.toFixed(2)} x; ${cores.length} cores are few: devices, server, store and other workers share them`
          : `${cores.length} cores`,
      },
    ],
    notes: [
      `two devices of ${half} of ${cores.length} cores each; one partition each of ${partitionPages} pages of ${pageRecords}, into LanceDB`,
    ],
  };
}
