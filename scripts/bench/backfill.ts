import { tmpdir } from 'node:os';
import { type Command, Option } from 'commander';
import { allowedCores } from '../../workers/devices/cpuTopology.ts';
import { measureOverhead, type StoreName, storeNames } from './backfilling/overhead.ts';
import { measureScaling } from './backfilling/scaling.ts';
import type { Bench, BenchReport, Say } from './bench.ts';
import { tidily } from './ingesting/tidily.ts';
import { addRounds, positiveInteger } from './options.ts';

export interface BackfillSetting {
  rounds: number;
  records: number;
  pageRecords: number;
  stores: readonly StoreName[];
  store: string;
  shm: string;
}

/** Real backfills through stacks of their own, against a loop that has no Temporal. */
export const bench: Bench = {
  name: 'backfill',
  description: 'records a second against a plain loop, and on two device workers against one',
  configure(command: Command) {
    addRounds(command, 3);
    command.option('--records <n>', 'of a round', positiveInteger, 4000);
    command.option('--page-records <n>', 'of a page', positiveInteger, 1000);
    command.addOption(new Option('--only <part>').choices(['overhead', 'scaling']));
    command.addOption(new Option('--vectors <store>', 'only this one').choices(storeNames));
    command.option('--shm <folder>', 'on a tmpfs', process.env.BERTH_SHM ?? '/dev/shm');
    command.option('--store <folder>', 'on a disk', tmpdir());
  },
  async run({ rounds, records, pageRecords, only, vectors, store, shm }, say) {
    const setting: BackfillSetting = {
      ...{ rounds: Number(rounds), records: Number(records), pageRecords: Number(pageRecords) },
      stores: vectors === undefined ? storeNames : [vectors as StoreName],
      ...{ store: String(store), shm: String(shm) },
    };
    const parts: BenchReport[] = [];
    if (only !== 'scaling') parts.push(await part(setting, say, measureOverhead));
    if (only !== 'overhead') {
      if (allowedCores().length >= 2) parts.push(await part(setting, say, measureScaling));
      else say('backfill: two device workers need two cores');
    }
    return {
      rows: parts.flatMap(({ rows }) => rows),
      targets: parts.flatMap(({ targets }) => targets),
      notes: [
        'fill: from the scheduling of the first embedPage to the completion of the last writePage, by the histories; of the loop, from the start of its bridge to its last upsert',
        'both start a bridge and load the model within it; no text occurs twice, so that no cache helps',
        ...parts.flatMap(({ notes = [] }) => notes),
      ],
    };
  },
};

export type Part = (
  setting: BackfillSetting,
  say: Say,
  tidy: Parameters<Parameters<typeof tidily>[0]>[0],
  interrupted: AbortSignal,
) => Promise<BenchReport>;

/** Each on a stack of its own, which is gone before the next. */
const part = (setting: BackfillSetting, say: Say, measure: Part): Promise<BenchReport> =>
  tidily((tidy, interrupted) => measure(setting, say, tidy, interrupted));
