import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  createBridgeEmbedder,
  type EmbedBatching,
} from '../../activities/embeddings/bridgeEmbedder.ts';
import { describeModel } from '../../activities/embeddings/describeModel.ts';
import type { Embedder } from '../../activities/embeddings/embedder.ts';
import { createLogger } from '../../activities/platform/logging.ts';
import { findPython, findSampleModel } from '../../activities/platform/python.ts';
import { startBridge } from '../../workers/bridge.ts';
import { readMailTexts } from './batching/mailTexts.ts';
import type { Bench, BenchReport, BenchRow, Say } from './bench.ts';
import { addRounds, positiveInteger } from './options.ts';
import { interleave, median, medianRatio } from './statistics.ts';

const targetRatio = 1.3;
const fixedTexts = 32;
/** Importing libraries and loading the model are not measured. */
const warmUp = Array.from({ length: 64 }, (_, n) => 'The tide turns. '.repeat(n % 20));

/** Length-sorted token budget against batches of 32 in the order of the corpus, on one bridge. */
export const bench: Bench = {
  name: 'batching',
  description: 'sentences a second: batches by length and tokens against fixed batches of 32',
  configure(command: Command) {
    addRounds(command, 3);
    command.option('--texts <n>', 'of each kind', positiveInteger, 1000);
    command.option('--model <folder>', 'default: the sample model, all-MiniLM-L6-v2');
    command.option('--token-budget <n>', 'default: as the device has it', positiveInteger);
    command.option(
      '--threads <n>',
      'threads on both sides',
      positiveInteger,
      availableParallelism(),
    );
    command.option('--shm <folder>', 'on a tmpfs', process.env.BERTH_SHM ?? '/dev/shm');
  },
  async run(options, say) {
    const scratch = await mkdtemp(join(String(options.shm), 'berth-bench-'));
    const bridge = await startBridge({
      python: findPython(),
      logger: createLogger('bench', 'fatal'),
      threads: Number(options.threads),
    });
    try {
      const modelPath = options.model === undefined ? findSampleModel() : String(options.model);
      const { embedding, tokenizer } = await describeModel(modelPath, {
        pooling: null,
        normalize: null,
        dimensions: null,
      });
      const spec = { contentDigest: 'bench', ...embedding };
      const embedder = (batching: EmbedBatching) =>
        createBridgeEmbedder({ bridge, modelPath, spec, scratch, batching });
      const tokenBudget =
        options.tokenBudget === undefined ? undefined : Number(options.tokenBudget);
      const sides = {
        ours: embedder({ kind: 'length-sorted', tokenBudget }),
        fixed: embedder({ kind: 'fixed', batchSize: fixedTexts }),
      };
      const { paragraphs, chunks } = await readMailTexts(
        Number(options.texts),
        tokenizer,
        embedding.maxTokens,
      );
      const rounds = Number(options.rounds);
      await sides.ours.embed(warmUp);
      const rows = [
        await measure('paragraphs of mails', sides, paragraphs, rounds, say),
        await measure(`chunks of ${embedding.maxTokens} tokens`, sides, chunks, rounds, say),
      ];
      return report(rows);
    } finally {
      await bridge.kill();
      await rm(scratch, { recursive: true, force: true });
    }
  },
};

async function measure(
  kind: string,
  sides: Record<'ours' | 'fixed', Embedder>,
  texts: string[],
  rounds: number,
  say: Say,
): Promise<BenchRow> {
  say(`batching: ${rounds} rounds of ${texts.length} ${kind}`);
  const rate = (embedder: Embedder) => async () => {
    const begun = performance.now();
    const embedded = await embedder.embed(texts);
    const failed = embedded.find(({ failure }) => failure !== undefined);
    if (failed?.failure) throw new Error(`a text has no vector: ${failed.failure.reason}`);
    return texts.length / ((performance.now() - begun) / 1000);
  };
  const rates = await interleave(rounds, { ours: rate(sides.ours), fixed: rate(sides.fixed) });
  return {
    measure: kind,
    unit: 'texts/s',
    ours: median(rates.ours),
    alternative: { name: `batches of ${fixedTexts} in order`, value: median(rates.fixed) },
    ratio: medianRatio(rates.ours, rates.fixed),
  };
}

function report(rows: BenchRow[]): BenchReport {
  const { measure: name = '', ratio = 0 } = rows[0] ?? {};
  return {
    rows,
    targets: [{ measure: name, target: `at least ${targetRatio} x`, met: ratio >= targetRatio }],
    notes: [
      'both on one bridge, tokenizing, files and pooling included; importing and loading are not',
    ],
  };
}
