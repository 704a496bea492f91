import pLimit from 'p-limit';
import type { Point } from '../../activities/stores/vectorStore.ts';
import type { Bench, BenchRow, Say } from './bench.ts';
import { tidily } from './ingesting/tidily.ts';
import { addRounds, positiveInteger } from './options.ts';
import { interleave, median, medianRatio } from './statistics.ts';
import { chroma } from './upserting/chroma.ts';
import type { Setting, UpsertHarness } from './upserting/harness.ts';
import { lancedb } from './upserting/lancedb.ts';
import { samplePoints, sampleSpec } from './upserting/samplePoints.ts';

const targetRatio = 0.95;
const harnesses: readonly UpsertHarness[] = [chroma, lancedb];

/** Berth's drivers against the stores' own clients by hand, each at its best setting. */
export const bench: Bench = {
  name: 'upsert',
  description: 'points a second into each store against its client used by hand',
  configure(command) {
    addRounds(command, 5);
    command.option('--dimensions <n>', 'of the vectors', positiveInteger, 384);
    command.option('--store <name>', 'only this one');
  },
  async run(options, say) {
    const wanted = harnesses.filter(
      ({ name }) => !options.store || name.toLowerCase() === String(options.store).toLowerCase(),
    );
    const rows: BenchRow[] = [];
    for (const harness of wanted) {
      rows.push(await measure(harness, Number(options.dimensions), Number(options.rounds), say));
    }
    return {
      rows,
      targets: rows.map(({ measure, ratio = 0 }) => ({
        measure,
        target: `at least ${targetRatio} × its client`,
        met: ratio >= targetRatio,
      })),
      notes: ['points have 500 characters of text and four fields; a fresh collection each time'],
    };
  },
};

function measure(
  harness: UpsertHarness,
  dimensions: number,
  rounds: number,
  say: Say,
): Promise<BenchRow> {
  return tidily(async (tidy) => {
    const points = samplePoints(harness.points, dimensions);
    const { store, byHand } = await harness.open(tidy);
    let made = 0;
    const ours = async () => {
      made += 1;
      const physical = `bench-ours-v${made}`;
      await store.createCollection(physical, sampleSpec('bench-ours', dimensions));
      const { bestBatch, parallel } = await store.limits(dimensions);
      await store.beginLoad(physical);
      const rate = await timed(points, { batch: bestBatch, parallel }, (batch) =>
        store.upsert(physical, batch),
      );
      await store.dropCollection(physical);
      return rate;
    };
    const theirs = async (setting: Setting) => {
      made += 1;
      const client = await byHand(`bench-theirs-v${made}`, dimensions);
      const rate = await timed(points, setting, (batch) => client.upsert(batch));
      await client.drop();
      return rate;
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

/** @returns points a second */
async function timed(
  points: readonly Point[],
  { batch, parallel }: Setting,
  upsert: (batch: readonly Point[]) => Promise<unknown>,
): Promise<number> {
  const limit = pLimit(parallel);
  const begun = performance.now();
  const requests: Promise<unknown>[] = [];
  for (let at = 0; at < points.length; at += batch) {
    requests.push(limit(() => upsert(points.slice(at, at + batch))));
  }
  await Promise.all(requests);
  return points.length / ((performance.now() - begun) / 1000);
}
