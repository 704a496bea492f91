import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChromaClient } from 'chromadb';
import getPort from 'get-port';
import { findStoresPython } from '../../../activities/platform/storesPython.ts';
import { openChromaStore } from '../../../activities/stores/drivers/chromaStore.ts';
import { chromaCommand, whenChromaAnswers } from '../../../workers/stores/chromaServer.ts';
import type { Tidy } from '../ingesting/tidily.ts';
import type { UpsertHarness } from './harness.ts';

const host = '127.0.0.1';

/** A server of its own, with the index's settings the same on both sides. */
export const chroma: UpsertHarness = {
  name: 'Chroma',
  points: 3_000,
  settings: [
    { batch: 150, parallel: 1 },
    { batch: 150, parallel: 2 },
    { batch: 250, parallel: 2 },
    { batch: 1_000, parallel: 1 },
  ],
  async open(tidy) {
    const port = await startServer(tidy);
    const store = await openChromaStore({
      url: `http://${host}:${port}`,
      stackUrl: null,
      env: {},
    });
    const client = new ChromaClient({ host, port, ssl: false });
    return {
      store,
      async byHand(name) {
        const collection = await client.createCollection({
          name,
          embeddingFunction: null,
          configuration: { hnsw: { space: 'cosine', ef_construction: 200, ef_search: 200 } },
        });
        return {
          upsert: (points) =>
            collection.upsert({
              ids: points.map(({ id }) => id),
              embeddings: points.map(({ vector }) => Array.from(vector)),
              documents: points.map(({ text }) => text),
              metadatas: points.map(({ id, vector, text, metadata, ...own }) => ({
                ...own,
                ...(metadata as Record<string, string>),
              })),
            }),
          drop: () => client.deleteCollection({ name }),
        };
      },
    };
  },
};

async function startServer(tidy: Tidy): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  tidy(() => rm(folder, { recursive: true, force: true }));
  const port = await getPort({ host });
  const python = findStoresPython();
  const { file, args, env } = chromaCommand({ python, folder, host, port, env: process.env });
  const child = spawn(file, args, { env, stdio: 'ignore' });
  const exited = once(child, 'exit');
  tidy(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await whenChromaAnswers(`http://${host}:${port}`, AbortSignal.timeout(60_000));
  return port;
}
