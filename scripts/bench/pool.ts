import { DefaultLogger, Runtime } from '@temporalio/worker';
import { type Command, InvalidArgumentError } from 'commander';
import type { Bench, BenchReport, Say } from './bench.ts';
import { tidily } from './ingesting/tidily.ts';
import { addRounds, positiveInteger } from './options.ts';
import { startBenchServer } from './pooling/benchServer.ts';
import { bundleBench, type Measured, measureSide } from './pooling/measureSide.ts';
import { type CaseResult, reportPool } from './pooling/poolReport.ts';
import { mutexSide, poolSide, type Side } from './pooling/sides.ts';
import { interleave } from './statistics.ts';

interface Setting {
  devices: number;
  waiting: number[];
  holds: number[];
  rounds: number;
  windowMs: number;
}

/** Time for the load to become even before anything is counted, ms. */
const warmUpMs = 1_500;

/** Leases through a real server, against the mutex of Temporal's samples. */
export const bench: Bench = {
  name: 'pool',
  description: "lease cycles a second and grant latency, against the mutex of Temporal's samples",
  configure(command: Command) {
    addRounds(command, 1);
    command.option('--devices <n>', 'devices of the pool', positiveInteger, 64);
    command.option('--waiting <list>', 'requests beyond the devices', integers, [10, 100, 1000]);
    command.option('--hold <list>', 'seconds that a lease is held', integers, [0, 1]);
    command.option('--seconds <n>', 'of each measurement', positiveInteger, 5);
  },
  run: ({ devices, waiting, hold, rounds, seconds }, say) => {
    const setting: Setting = {
      devices: Number(devices),
      waiting: waiting as number[],
      holds: hold as number[],
      rounds: Number(rounds),
      windowMs: 1000 * Number(seconds),
    };
    return tidily((_tidy, interrupted) => measure(setting, say, interrupted));
  },
};

async function measure(
  { devices, waiting, holds, rounds, windowMs }: Setting,
  say: Say,
  interrupted: AbortSignal,
): Promise<BenchReport> {
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
  say('pool: bundling workflows');
  const bundle = await bundleBench();
  const results: CaseResult[] = [];
  for (const hold of holds) {
    for (const extra of waiting) {
      const load = { requesters: devices + extra, holdMs: 1000 * hold, warmUpMs, windowMs };
      const one = (name: string, side: Side) => async (): Promise<Measured> => {
        interrupted.throwIfAborted();
        const server = await startBenchServer();
        try {
          say(`pool: ${name}, ${extra} waiting, held ${hold} s`);
          return await measureSide(server, bundle, side, load);
        } finally {
          await server.stop();
        }
      };
      const sides = await interleave(rounds, {
        ours: one('pool', poolSide(devices)),
        mutex: one('mutex', mutexSide(1)),
      });
      results.push({ waiting: extra, hold, ...sides });
    }
  }
  return reportPool(devices, results);
}

function integers(text: string): number[] {
  const values = text.split(',').map(Number);
  if (values.some((value) => !Number.isInteger(value) || value < 0)) {
    throw new InvalidArgumentError('expected whole numbers, separated by commas');
  }
  return values;
}
