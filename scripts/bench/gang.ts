import { InvalidArgumentError } from 'commander';
import type { Bench, BenchOptions, BenchRow } from './bench.ts';
import { atRandom, byIndex, byLinks } from './gang/choosers.ts';
import { type Chooser, churn } from './gang/churn.ts';
import { type GangFigures, gangFigures } from './gang/gangFigures.ts';
import { type BenchTopology, topologies } from './gang/topologies.ts';
import { positiveInteger } from './options.ts';

/** Gangs chosen by their links against gangs chosen by count, on the same arrivals. */
export const bench: Bench = {
  name: 'gang',
  description: 'worst link of granted gangs, against placement that only counts devices',
  configure(command) {
    command
      .option('--seeds <n>', 'sequences of arrivals, of which means', positiveInteger, 10)
      .option('--arrivals <n>', 'gangs in each', positiveInteger, 2000)
      .option('--load <part>', 'devices asked for at a time, of those there are', part, 0.85);
  },
  async run(options, say) {
    const rows: BenchRow[] = [];
    for (const topology of topologies) {
      for (const sizes of [
        [2, 4, 8],
        [1, 2, 4, 8],
      ]) {
        say(`gang: ${topology.name}, sizes ${sizes.join(', ')}`);
        rows.push(...compare(topology, sizes, options));
      }
    }
    return { rows, targets: [], notes };
  },
};

const notes = [
  'Nominal bandwidth in one direction; single devices (size 1) take part but have no links to count.',
  'Out of reach of any choice: NVLink throughout a gang of 8 on DGX-1, of 4 or 8 on PCIe pairs.',
  'All paths over PCIe count as 16 lanes, which is kind to placement by count.',
];

function compare(topology: BenchTopology, sizes: number[], options: BenchOptions): BenchRow[] {
  const ours = means(topology, sizes, options, () => byLinks);
  const others = {
    'first by index': means(topology, sizes, options, () => byIndex),
    'at random': means(topology, sizes, options, atRandom),
  };
  const rowsOf = (figure: keyof GangFigures, what: string, unit: string, scale = 1): BenchRow[] =>
    Object.entries(others).map(([name, theirs]) => ({
      measure: `${topology.name}, sizes ${sizes.join(' ')}: ${what}`,
      unit,
      ours: ours[figure] * scale,
      alternative: { name, value: theirs[figure] * scale },
      ...(theirs[figure] > 0 ? { ratio: ours[figure] / theirs[figure] } : {}),
    }));
  return [
    ...rowsOf('mean', 'worst link, mean', 'GB/s'),
    ...rowsOf('p10', 'worst link, p10', 'GB/s'),
    ...rowsOf('nvlink', 'gangs at NVLink', '%', 100),
  ];
}

function means(
  { islands, made }: BenchTopology,
  sizes: number[],
  options: BenchOptions,
  chooser: (seed: number) => Chooser,
): GangFigures {
  const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => 42 + i);
  const all = seeds.map((seed) => {
    const { arrivals, load } = options as { arrivals: number; load: number };
    return gangFigures(churn(islands, chooser(seed), { seed, sizes, arrivals, load }), made);
  });
  const mean = (figure: keyof GangFigures) =>
    all.reduce((sum, figures) => sum + figures[figure], 0) / all.length;
  return { mean: mean('mean'), p10: mean('p10'), nvlink: mean('nvlink') };
}

function part(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 2)) throw new InvalidArgumentError('expected above 0 and up to 2');
  return value;
}
