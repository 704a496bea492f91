import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { execa } from 'execa';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { findPython } from '../../activities/platform/python.ts';
import type { Bench, BenchReport, BenchRow, Say } from './bench.ts';
import { sampleMemory } from './memorySampler.ts';
import { addRounds, byteCount, positiveInteger } from './options.ts';
import {
  runQuantizeStage,
  type StageOptions,
  type StageResult,
} from './quantizing/quantizeStage.ts';
import { interleave, median, medianRatio } from './statistics.ts';

/** What the stage may take beyond idle and one shard, whatever the model's size. */
const boundBytes = 1.5e9;
const gigabyte = 1e9;

/** The quantize stage against transformers' load-quantize-save of the same synthetic Llama. */
export const bench: Bench = {
  name: 'quantize',
  description: 'our quantize stage against transformers load-quantize-save: time and peak memory',
  configure(command: Command) {
    addRounds(command, 3);
    command.option(
      '--bytes <size>',
      'size of the model; the bound is checked at twice it too',
      byteCount,
      2 ** 30,
    );
    command.addOption(new Option('--method <name>').choices(['int8', 'nf4', 'fp4']).default('nf4'));
    command.option('--double-quant', 'quantize the scales as well', false);
    command.option(
      '--threads <n>',
      'threads on both sides',
      positiveInteger,
      availableParallelism(),
    );
    command.option('--shm <folder>', 'on a tmpfs', process.env.BERTH_SHM ?? '/dev/shm');
    command.option('--store <folder>', 'on a disk', tmpdir());
  },
  async run(options, say) {
    const home = await mkdtemp(join(String(options.store), 'berth-bench-'));
    const shm = await mkdtemp(join(String(options.shm), 'berth-bench-'));
    const stage: Omit<StageOptions, 'source'> = {
      quantize: options.method as StageOptions['quantize'],
      doubleQuant: Boolean(options.doubleQuant),
      threads: Number(options.threads),
      home,
      shm,
    };
    try {
      return await measure(stage, Number(options.bytes), Number(options.rounds), say);
    } finally {
      await rm(home, { recursive: true, force: true });
      await rm(shm, { recursive: true, force: true });
    }
  },
};

async function measure(
  stage: Omit<StageOptions, 'source'>,
  bytes: number,
  rounds: number,
  say: Say,
): Promise<BenchReport> {
  const source = await makeModel(stage.home, bytes, say);
  say(`quantize: ${rounds} rounds of ${stage.quantize} on ${stage.threads} threads`);
  const runs = await interleave<'ours' | 'transformers', Partial<StageResult> & Figures>(rounds, {
    ours: () => runQuantizeStage({ ...stage, source }),
    transformers: () => loadQuantizeSave({ ...stage, source }),
  });
  const ours = runs.ours as StageResult[];
  const double = await makeModel(stage.home, 2 * bytes, say);
  say('quantize: twice the size, once');
  const twice = await runQuantizeStage({ ...stage, source: double });
  const extra = [Math.max(...ours.map(({ extraBytes }) => extraBytes)), twice.extraBytes];
  const time = row('time', 's', runs, ({ seconds }) => seconds);
  const only = (measure: string, unit: string, value: number): BenchRow => ({
    measure,
    unit,
    ours: value,
  });
  return {
    rows: [
      time,
      row('peak memory above idle', 'GB', runs, ({ peakBytes }) => peakBytes / gigabyte),
      only('source bytes a second', 'GB/s', bytes / gigabyte / time.ours),
      only('memory above idle and one shard', 'GB', extra[0]! / gigabyte),
      only('the same, twice the size', 'GB', extra[1]! / gigabyte),
      only('the bridge greets after', 's', median(ours.map(({ startSeconds }) => startSeconds))),
      only(
        'its first call, importing',
        's',
        median(ours.map(({ importSeconds }) => importSeconds)),
      ),
    ],
    targets: [
      { measure: 'time', target: 'less than transformers', met: time.ratio! < 1 },
      {
        measure: 'memory above idle and one shard',
        target: 'at most 1.5 GB at either size',
        met: extra.every((value) => value <= boundBytes),
      },
    ],
    notes: [
      'both read from the page cache and write to shared memory; importing libraries is not counted',
    ],
  };
}

interface Figures {
  seconds: number;
  peakBytes: number;
}

function row(
  measure: string,
  unit: string,
  runs: Record<'ours' | 'transformers', Figures[]>,
  figure: (run: Figures) => number,
): BenchRow {
  const [ours, theirs] = [runs.ours.map(figure), runs.transformers.map(figure)];
  const alternative = { name: 'transformers', value: median(theirs) };
  return { measure, unit, ours: median(ours), alternative, ratio: medianRatio(ours, theirs) };
}

const script = (name: string) => join(packageRoot(), 'scripts', 'bench', 'quantizing', name);

async function makeModel(home: string, bytes: number, say: Say): Promise<string> {
  say(`quantize: writing a random Llama of ${bytes} bytes`);
  const source = join(home, `llama-${bytes}`);
  await mkdir(source);
  await execa(findPython(), [script('syntheticLlama.py'), source, String(bytes)]);
  return source;
}

/** Peak: private and shared bytes of the process, plus what it has saved to shared memory. */
async function loadQuantizeSave(options: StageOptions): Promise<Figures> {
  const { source, quantize, doubleQuant, threads, shm } = options;
  const out = join(shm, 'transformers');
  const args = [source, out, quantize, String(doubleQuant), String(threads)];
  const running = execa(findPython(), [script('loadQuantizeSave.py'), ...args]);
  const memory = sampleMemory([running.pid!], [out]);
  const { stdout } = await running;
  const peakBytes = memory.stop() - memory.first;
  await rm(out, { recursive: true });
  return { seconds: JSON.parse(stdout).seconds, peakBytes };
}
