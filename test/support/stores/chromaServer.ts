import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { findStoresPython } from '../../../activities/platform/storesPython.ts';
import { chromaCommand, whenChromaAnswers } from '../../../workers/stores/chromaServer.ts';

export interface ChromaServer {
  url: string;
  stop(): Promise<void>;
}

/** A Chroma server on data of its own, which `stop` removes. */
export async function startChroma(): Promise<ChromaServer> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-chroma-'));
  const host = '127.0.0.1';
  const port = await getPort({ host });
  const python = findStoresPython();
  const { file, args, env } = chromaCommand({ python, folder, host, port, env: process.env });
  const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors = (errors + data).slice(-4_000);
  });
  const exited = once(child, 'exit');
  const gone = new AbortController();
  exited.then(() => gone.abort(new Error(`Chroma ended: ${errors}`)));
  const url = `http://${host}:${port}`;
  await whenChromaAnswers(url, AbortSignal.any([gone.signal, AbortSignal.timeout(60_000)]));
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What is missing for it, in one line; undefined: nothing. */
export function missingChroma(): string | undefined {
  try {
    findStoresPython();
    return undefined;
  } catch (error) {
    return `no Chroma: ${error instanceof Error ? error.message : String(error)}`;
  }
}
