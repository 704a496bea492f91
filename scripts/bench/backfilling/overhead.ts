import { join } from 'node:path';
import { describeModel } from '../../../activities/embeddings/describeModel.ts';
import { openStore } from '../../../activities/stores/openStore.ts';
import { formatCoreSet } from '../../../workers/devices/coreSets.ts';
import { allowedCores } from '../../../workers/devices/cpuTopology.ts';
import type { BackfillSetting } from '../backfill.ts';
import type { BenchReport, BenchRow, BenchTarget, Say } from '../bench.ts';
import type { Tidy } from '../ingesting/tidily.ts';
import { interleave, median, medianRatio } from '../statistics.ts';
import { type BackfillRun, runBackfill } from './backfillRun.ts';
import { type Corpus, createCorpora } from './corpus.ts';
import { runPlainLoop } from './plainLoop.ts';
import { sampleModel, startSampleStack, warmUpRecords } from './sampleStack.ts';

export const storeNames = ['chroma', 'lancedb'] as const;
export type StoreName = (typeof storeNames)[number];

/** Part of the loop's time that a backfill may take more. */
const mostOverhead = 0.05;
const longestText = 600;

/** A backfill on one device of all cores, and a loop with a bridge of as many threads. */
export async function measureOverhead(
  setting: BackfillSetting,
  say: Say,
  tidy: Tidy,
  interrupted: AbortSignal,
): Promise<BenchReport> {
  const { records, rounds, pageRecords } = setting;
  say('backfill: starting a stack with one device');
  const cores = allowedCores();
  const own = await startSampleStack(setting, formatCoreSet(cores), tidy);
  const { modelPath, home, stack } = own;
  const { embedding } = await describeModel(modelPath, {
    ...{ pooling: null, normalize: null, dimensions: null },
  });
  const spec = { contentDigest: 'bench', ...embedding };
  const writeCorpus = await createCorpora(home, records, longestText);
  const deps = { env: process.env, stackUrl: async () => null, home: join(home, 'plain') };
  const urls = { chroma: stack.chroma?.url ?? null, lancedb: null };
  const rows: BenchRow[] = [];
  const targets: BenchTarget[] = [];
  for (const kind of setting.stores) {
    const store = await openStore({ kind, url: urls[kind] }, deps);
    tidy(() => store.close());
    const berth = ({ path, name }: Corpus) => {
      const options = { source: path, collection: name, stores: [kind], model: sampleModel };
      return runBackfill(own, { ...options, pageRecords }, interrupted);
    };
    const loop = (corpus: Corpus) => {
      interrupted.throwIfAborted();
      const scratch = join(own.shm, 'plain');
      const same = { store, modelPath, spec, pageRecords, threads: cores.length, scratch };
      return runPlainLoop({ corpus, ...same });
    };
    say(`backfill: warming up with ${kind}`);
    const first = await writeCorpus(warmUpRecords);
    await berth(first);
    await loop(first);
    const jobs: BackfillRun[] = [];
    // The round's other side gets the same one.
    let waiting: Corpus | undefined;
    const nextCorpus = async () => {
      const corpus = waiting ?? (await writeCorpus());
      waiting = waiting === undefined ? corpus : undefined;
      return corpus;
    };
    const ours = async () => {
      const corpus = await nextCorpus();
      say(`backfill: ${records} records of ${corpus.name} into ${kind}, Berth`);
      const run = await berth(corpus);
      requireCold(run, records);
      jobs.push(run);
      return records / run.fillSeconds;
    };
    const plain = async () => {
      const corpus = await nextCorpus();
      say(`backfill: ${records} records of ${corpus.name} into ${kind}, the loop`);
      return records / (await loop(corpus));
    };
    const rates = await interleave(rounds, { ours, plain });
    const ratio = medianRatio(rates.ours, rates.plain);
    const measure = `fill of ${kind}`;
    rows.push(
      {
        ...{ measure, unit: 'records/s', ours: median(rates.ours), ratio },
        alternative: { name: 'a plain loop', value: median(rates.plain) },
      },
      {
        ...{ measure: `${kind}: fill`, unit: 's' },
        ours: median(jobs.map((job) => job.fillSeconds)),
        alternative: { name: 'a plain loop', value: records / median(rates.plain) },
      },
      {
        ...{ measure: `${kind}: the whole job, verified and switched`, unit: 's' },
        ours: median(jobs.map((job) => job.seconds)),
      },
    );
    targets.push({
      ...{ measure, target: `overhead at most ${100 * mostOverhead} %` },
      met: 1 - ratio <= mostOverhead,
      note: `${(100 * (1 - ratio)).toFixed(1)} %`,
    });
  }
  const note = `${records} records in pages of ${pageRecords}; the loop has the same splitter, bridge, drivers and batches, and neither cache, ledger nor page files`;
  return { rows, targets, notes: [note] };
}

/** A figure of a run that reused something would be worth nothing. */
export function requireCold({ result }: BackfillRun, records: number): void {
  const { records: filled, reused, failed } = result;
  if (filled === records && reused === 0 && failed === 0) return;
  throw new Error(
    `expected ${records} records from a cold cache: ${filled} filled, ${reused} chunks reused, ${failed} failed`,
  );
}
