import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Command } from 'commander';
import { runScale } from './backfillScale/runScale.ts';
import { reportScale } from './backfillScale/scaleReport.ts';
import type { Bench } from './bench.ts';
import { tidily } from './ingesting/tidily.ts';
import { positiveInteger } from './options.ts';

/** A backfill of any size through a real server: what it costs beside embedding and writing. */
export const bench: Bench = {
  name: 'backfill-scale',
  description:
    'history a run, memory and records a second of a huge backfill whose activities count',
  configure(command: Command) {
    command.option('--records <n>', 'of the synthetic source', positiveInteger, 1_000_000);
    command.option('--page <n>', 'records a page', positiveInteger, 1_000);
    command.option('--partition-pages <n>', 'pages a partition', positiveInteger, 10);
    command.option('--concurrency <n>', 'partitions at a time', positiveInteger, 8);
  },
  run: ({ records, page, partitionPages, concurrency }, say) => {
    const setting = {
      records: Number(records),
      pageRecords: Number(page),
      partitionPages: Number(partitionPages),
      concurrency: Number(concurrency),
    };
    Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
    return tidily(async (tidy, interrupted) =>
      reportScale(setting, await runScale(setting, tidy, interrupted, say)),
    );
  },
};
