/**
 * Fills pages from dist/ as it is told, one message after the other, until it is killed:
 * `pageWorker.mjs <home> <store folder>`. Real but for its embedder, which hashes.
 */
import { createHash } from 'node:crypto';

const load = (path) => import(new URL(`../../../dist/${path}`, import.meta.url));
const { createPaths } = await load('activities/platform/paths.js');
const { createEmbedPage } = await load('activities/backfill/embedPage.js');
const { createWritePage } = await load('activities/backfill/writePage.js');
const { createAimdLimiter } = await load('activities/platform/aimdLimiter.js');
const { openEmbeddingCache } = await load('activities/embeddings/openCache.js');
const { openSource } = await load('activities/sources/openSource.js');
const { openLanceFolder } = await load('activities/stores/drivers/lancedbStore.js');

const [home, folder] = process.argv.slice(2);
const paths = createPaths(home, `${home}/shm`);
const logger = { info() {}, warn() {} };
const cache = await openEmbeddingCache({ paths, env: {} });
const store = await openLanceFolder({ folder });
const limiter = createAimdLimiter({ min: 1, max: 4, start: 2 });

const hashEmbedder = (spec) => ({
  spec,
  async embed(texts) {
    process.send({ embedded: texts });
    return texts.map((text) => {
      const bytes = createHash('sha256').update(text).digest();
      const value = (_, index) => bytes.readInt8(index) / 128;
      return { vector: Float32Array.from({ length: spec.dimensions }, value) };
    });
  },
});

const lines = (text) => text.split('\n').filter((line) => line.trim() !== '');
const splitter = {
  version: 'lines-1',
  split: async (texts) =>
    texts.map((text) => lines(text).map((line) => ({ text: line, tokens: 1 }))),
};

const embedPage = createEmbedPage({
  paths,
  openSource,
  sourceDeps: { allowed: [home], env: {} },
  cache: async () => cache,
  splitter: async () => splitter,
  embedder: async ({ embedding }) => hashEmbedder(embedding),
  logger,
});
const writePage = createWritePage({
  paths,
  stores: { use: async () => store },
  limiter: () => limiter,
  logger,
});

process.on('message', async ({ step, input }) => {
  try {
    process.send({ result: await (step === 'embed' ? embedPage(input) : writePage(input)) });
  } catch (error) {
    process.send({ failure: { type: error.type, message: error.message } });
  }
});
process.send({ ready: true });
