import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { formatCoreSet } from '../../workers/devices/coreSets.ts';
import { allowedCores } from '../../workers/devices/cpuTopology.ts';
import { runBackfill } from './backfilling/backfillRun.ts';
import { createCorpora } from './backfilling/corpus.ts';
import { sampleModel, startSampleStack } from './backfilling/sampleStack.ts';
import type { Bench, BenchReport, Say } from './bench.ts';
import { type Tidy, tidily } from './ingesting/tidily.ts';
import { positiveInteger } from './options.ts';
import { compareIds } from './resuming/compareIds.ts';
import { type Death, killAtRandom } from './resuming/killAtRandom.ts';
import { createRandom, shuffled } from './resuming/random.ts';
import { type ResumeRun, reportResume } from './resuming/resumeReport.ts';
import { victims } from './resuming/victims.ts';
import { watchTexts } from './resuming/watchTexts.ts';

interface Setting {
  runs: number;
  kills: number;
  records: number;
  pageRecords: number;
  partitionPages: number;
  seed: number;
  store: string;
  shm: string;
}

/** Short enough for one chunk, so that each record is one text. */
const longestText = 200;
const stores = ['chroma', 'lancedb'] as const;

/** Real backfills whose processes die, beside one that nobody disturbs. */
export const bench: Bench = {
  name: 'resume',
  description: 'work that is done again after kill -9 at random points of a backfill',
  configure(command: Command) {
    command.option('--runs <n>', 'disturbed backfills', positiveInteger, 2);
    command.option('--kills <n>', 'in each of them', positiveInteger, 3);
    command.option('--records <n>', 'of a backfill', positiveInteger, 2000);
    command.option('--page-records <n>', 'of a page', positiveInteger, 250);
    command.option('--partition-pages <n>', 'of a partition', positiveInteger, 4);
    command.option('--seed <n>', 'repeats the choices of a run', seedNumber);
    command.option('--shm <folder>', 'on a tmpfs', process.env.BERTH_SHM ?? '/dev/shm');
    command.option('--store <folder>', 'on a disk', tmpdir());
  },
  run(options, say) {
    const setting: Setting = {
      runs: Number(options.runs),
      kills: Number(options.kills),
      records: Number(options.records),
      pageRecords: Number(options.pageRecords),
      partitionPages: Number(options.partitionPages),
      seed: options.seed === undefined ? randomInt(2 ** 32) : Number(options.seed),
      store: String(options.store),
      shm: String(options.shm),
    };
    return tidily((tidy, interrupted) => measure(setting, say, tidy, interrupted));
  },
};

async function measure(
  setting: Setting,
  say: Say,
  tidy: Tidy,
  interrupted: AbortSignal,
): Promise<BenchReport> {
  const { runs, kills, records, pageRecords, partitionPages, seed } = setting;
  const random = createRandom(seed);
  say(`resume: starting a stack; seed ${seed}`);
  const own = await startSampleStack(setting, formatCoreSet(allowedCores()), tidy);
  const writeCorpus = await createCorpora(own.home, records, longestText);
  const deck: (typeof victims)[number][] = [];
  const deal = () => {
    // All die before one dies again.
    if (deck.length === 0) deck.push(...shuffled(victims, random));
    return deck.pop() as (typeof victims)[number];
  };

  const once = async (killed: number, pageMs: number): Promise<ResumeRun> => {
    const corpus = await writeCorpus();
    say(`resume: ${records} records of ${corpus.name}, ${killed} kills`);
    const watch = watchTexts(own.paths.pagesRoot);
    try {
      const options = { source: corpus.path, collection: corpus.name, stores: [...stores] };
      const cut = { pageRecords, partitionPages, model: sampleModel };
      const plan = {
        fractions: Array.from({ length: killed }, random).sort((a, b) => a - b),
        ...{ records, pageMs, random, deal, say },
      };
      const deaths: Death[] = [];
      const run = await runBackfill(own, { ...options, ...cut }, interrupted, (job) =>
        killAtRandom(own.paths, job, watch, { ...plan, deaths }, interrupted),
      );
      const differences = await Promise.all(
        stores.map((kind) => compareIds(own, kind, corpus, run.result)),
      );
      return { ...run, deaths, sent: watch.sent(), differences };
    } finally {
      watch.stop();
    }
  };

  const undisturbed = await once(0, 0);
  const pages = Math.ceil(records / pageRecords);
  const disturbed: ResumeRun[] = [];
  for (let index = 0; index < runs; index++) {
    disturbed.push(await once(kills, (1000 * undisturbed.fillSeconds) / pages));
  }
  return reportResume({ records, pageRecords, partitionPages, seed }, undisturbed, disturbed);
}

function seedNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('expected a whole number');
}
