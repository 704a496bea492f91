import { type CpuFeatures, cipherSpeed, cpuFeatures } from '../../native/addon/index.ts';
import type { Bench, BenchRow, BenchTarget, Say } from './bench.ts';
import { nodeCipherSpeed } from './nodeCipherLoop.ts';
import { opensslSpeed } from './opensslSpeed.ts';
import { addRounds } from './options.ts';
import { interleave, median, medianRatio } from './statistics.ts';

const targetRatio = 1.3;
const gigabyte = 1e9;

/** FLOE segments in memory against openssl's own loop and node:crypto's, 1 MiB each. */
export const bench: Bench = {
  name: 'floe',
  description: 'encryption rate on one and two threads against openssl speed and node:crypto',
  configure: (command) => addRounds(command, 5),
  async run(options, say) {
    const features = cpuFeatures();
    const counts = features.cores > 1 ? [1, 2] : [1];
    const rows: BenchRow[] = [];
    for (const threads of counts) {
      rows.push(...(await measure(threads, Number(options.rounds), say)));
    }
    return { rows, targets: rows.filter(isPerCore).map((row) => targetOf(row, features)) };
  },
};

async function measure(threads: number, rounds: number, say: Say): Promise<BenchRow[]> {
  say(`floe: ${rounds} rounds on ${threads} thread${threads > 1 ? 's' : ''}`);
  const seconds = 0.5;
  const speeds = await interleave<string, Record<string, number | undefined>>(rounds, {
    ours: async () => ({ ...(await cipherSpeed({ seconds: 2 * seconds, threads })) }),
    openssl: async () => ({
      seal: await opensslSpeed({ processes: threads, open: false }),
      open: await opensslSpeed({ processes: threads, open: true }),
    }),
    node: async () => ({
      seal: await nodeCipherSpeed(threads, { open: false, seconds }),
      open: await nodeCipherSpeed(threads, { open: true, seconds }),
    }),
  });
  return ['seal', 'open'].flatMap((direction) => {
    const of = (who: string) => speeds[who]!.map((speed) => speed[direction]);
    const ours = present(of('ours'));
    const label = `${direction}, ${threads} thread${threads > 1 ? 's' : ''}`;
    return [
      row(label, ours, 'openssl speed', present(of('openssl'))),
      row(label, ours, 'node:crypto loop', present(of('node'))),
    ];
  });
}

function present(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

function row(measure: string, ours: number[], name: string, theirs: number[]): BenchRow {
  const base = { measure, unit: 'GB/s', ours: median(ours) / gigabyte };
  if (theirs.length < ours.length) return { ...base, alternative: undefined };
  const alternative = { name, value: median(theirs) / gigabyte };
  return { ...base, alternative, ratio: medianRatio(ours, theirs) };
}

function isPerCore({ measure, alternative }: BenchRow): boolean {
  return measure.endsWith('1 thread') && alternative?.name !== 'node:crypto loop';
}

function targetOf({ measure, ratio }: BenchRow, features: CpuFeatures): BenchTarget {
  const target = `at least ${targetRatio} × openssl per core, on CPUs with VAES and no AVX-512`;
  if (ratio === undefined) return { measure, target, met: null, note: 'no openssl command' };
  const aimedAt = features.vaes && !features.avx512;
  const reached =
    ratio >= targetRatio ? 'it reaches the ratio all the same' : 'and below the ratio';
  const note = features.avx512
    ? `this CPU has AVX-512; ${reached}`
    : `this CPU lacks VAES; ${reached}`;
  return aimedAt
    ? { measure, target, met: ratio >= targetRatio }
    : { measure, target, met: null, note };
}
