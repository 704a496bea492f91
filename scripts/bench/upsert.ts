import { randomBytes } from 'node:crypto';
import type { Point } from '../../activities/stores/vectorStore.ts';
import type { Bench, BenchRow, Say } from './bench.ts';
import { tidily } from './ingesting/tidily.ts';
import { addRounds, positiveInteger } from './options.ts';
import { interleave, median, medianRatio } from './statistics.ts';
import { chooseHarnesses } from './upserting/chooseHarnesses.ts';
import type { Setting, UpsertHarness } from './upserting/harness.ts';
import { pointRate } from './upserting/pointRate.ts';
import { samplePoints, sampleSpec } from './upserting/samplePoints.ts';

const targetRatio = 0.95;

/** Berth's drivers against the stores' own clients by hand, each at its best setting. */
export const bench: Bench = {
  name: 'upsert',
  description: 'points a second into each store against its client used by hand',
  configure(command) {
    addRounds(command, 5);
    command.option('--dimensions <n>', 'of the vectors', positiveInteger, 384);
    command.option('--points <n>', 'of a round (default: by store)', positiveInteger);
    command.option(
      '--server <store>',
      'also pgvector=…, qdrant=… or weaviate=… at its address; may be repeated',
      (text: string, before: string[] = []) => [...before, text],
    );
    command.option('--store <name>', 'only this one');
  },
  async run(options, say) {
    const { dimensions, points, rounds } = options as Partial<Record<string, number>>;
    const servers = (options.server ?? []) as string[];
    const wanted = await chooseHarnesses(servers, options.store as string | undefined);
    const rows: BenchRow[] = [];
    for (const harness of wanted) {
      const size = { dimensions: Number(dimensions), points: points ?? harness.points };
      rows.push(await measure(harness, size, Number(rounds), say));
    }
    return {
      rows,
      targets: rows.map(({ measure, ratio = 0 }) => ({
        measure,
        target: `at least ${targetRatio} × its client`,
        met: ratio >= targetRatio,
      })),
      notes: [
        'points have 500 characters of text and four fields; a fresh collection each time',
        ...servers.map((server) => `by the server ${server}`),
      ],
    };
  },
};

function measure(
  harness: UpsertHarness,
  { dimensions, points: count }: { dimensions: number; points: number },
  rounds: number,
  say: Say,
): Promise<BenchRow> {
  return tidily(async (tidy, interrupted) => {
    const points = samplePoints(count, dimensions);
    const { store, byHand } = await harness.open(tidy);
    // A server may hold collections of others, and what another run left.
    const own = randomBytes(4).toString('hex');
    let made = 0;
    const ours = async () => {
      made += 1;
      const physical = `bench-ours-${own}-v${made}`;
      await store.createCollection(physical, sampleSpec('bench-ours', dimensions));
      try {
        const { bestBatch, parallel } = await store.limits(dimensions);
        await store.beginLoad(physical);
        const setting = { batch: bestBatch, parallel };
        const upsert = (batch: readonly Point[]) => store.upsert(physical, batch);
        return await pointRate(points, setting, upsert, interrupted);
      } finally {
        await store.dropCollection(physical);
      }
    };
    const theirs = async (setting: Setting) => {
      made += 1;
      const client = await byHand(`bench-theirs-${own}-v${made}`, dimensions);
      try {
        return await pointRate(points, setting, (batch) => client.upsert(batch), interrupted);
      } finally {
        await client.drop();
      }
    };
    const tried: { setting: Setting; rate: number }[] = [];
    for (const setting of harness.settings) {
      tried.push({ setting, rate: await theirs(setting) });
    }
    const best = tried.reduce((most, one) => (one.rate > most.rate ? one : most)).setting;
    const setting = `${best.batch} a request, ${best.parallel} at a time`;
    say(`upsert: ${rounds} rounds of ${points.length} points, ${harness.name}, by hand ${setting}`);
    const rates = await interleave(rounds, { ours, theirs: () => theirs(best) });
    return {
      measure: harness.name,
      unit: 'points/s',
      ours: median(rates.ours),
      alternative: { name: `its client, ${setting}`, value: median(rates.theirs) },
      ratio: medianRatio(rates.ours, rates.theirs),
    };
  });
}
