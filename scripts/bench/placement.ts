import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Bench, BenchReport } from './bench.ts';
import { positiveInteger } from './options.ts';
import { modes, type PlacementPlan, runPlacement } from './placement/runPlacement.ts';

const tasks = ['default', 'multigpu30', 'gpushare60'];

/** FGD's experiment on a GPU cluster trace, the published policies beside ours; then with departures. */
export const bench: Bench = {
  name: 'placement',
  description: 'allocation of a GPU cluster trace: shadow prices against FGD and its baselines',
  configure(command: Command) {
    command
      .option('--nodes <file>', "CSV of nodes, columns as openb's")
      .option('--pods <files...>', "CSV of tasks, columns as openb's; a trace each")
      .option('--seeds <n>', 'paired seeds from 42 on', positiveInteger, 10)
      .addOption(new Option('--modes <names...>').choices(modes).default([...modes]))
      .option(
        '--warm-up <n>',
        'mean lifetimes with departures before it counts',
        positiveInteger,
        2,
      )
      .option('--lifetimes <n>', 'mean lifetimes with departures that count', positiveInteger, 4)
      .option('--threads <n>', 'simulations side by side', positiveInteger, 1);
  },
  async run(options, say): Promise<BenchReport> {
    const plan: PlacementPlan = {
      files: {
        nodes: resolve(String(options.nodes ?? openb('openb_node_list_gpu_node.csv'))),
        pods:
          (options.pods as string[] | undefined)?.map((path) => resolve(path)) ??
          tasks.map((name) => openb(`openb_pod_list_${name}.csv`)),
      },
      seeds: Number(options.seeds),
      modes: options.modes as PlacementPlan['modes'],
      horizon: {
        from: Number(options.warmUp),
        until: Number(options.warmUp) + Number(options.lifetimes),
      },
      threads: Number(options.threads),
    };
    return runPlacement(plan, say);
  },
};

function openb(file: string): string {
  const folder = resolve(packageRoot(), process.env.BERTH_TEST_DATA ?? '../shared/data', 'openb');
  if (existsSync(join(folder, file))) return join(folder, file);
  throw berthError(
    'InvalidRequest',
    `${join(folder, file)}: not there: set BERTH_TEST_DATA or give --nodes and --pods (the openb traces are in hkust-adsl/kubernetes-scheduler-simulator, data/csv)`,
  );
}
