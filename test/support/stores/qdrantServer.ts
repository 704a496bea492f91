import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findStoresPython } from '../../../activities/platform/storesPython.ts';

const sidecar = fileURLToPath(new URL('qdrantSidecar/qdrant_edge_sidecar.py', import.meta.url));

export interface QdrantServer {
  url: string;
  /** QDRANT_API_KEY that it asks for; undefined: none. */
  apiKey: string | undefined;
  stop(): Promise<void>;
}

export interface QdrantSidecar extends QdrantServer {
  apiKey: string;
  /** Kills it with SIGKILL; its data stay. */
  kill(): Promise<void>;
  /** The same data at the same place. */
  restart(): Promise<void>;
}

const url = process.env.QDRANT_URL || undefined;

/** What is tested: a server that a person named, or the engine behind a REST interface of ours. */
export const qdrantName = url === undefined ? 'Qdrant (sidecar over qdrant-edge)' : 'Qdrant';

/** @returns null when there is one; else how to get it */
export const findQdrant = (): string | null => (url === undefined ? findQdrantSidecar() : null);

export function findQdrantSidecar(): string | null {
  try {
    findStoresPython();
    return null;
  } catch (error) {
    return `set QDRANT_URL to the address of a Qdrant server, or: ${(error as Error).message}`;
  }
}

/**
 * The server of QDRANT_URL (and QDRANT_API_KEY), else a sidecar of our own that serves Qdrant's REST
 * interface over the engine `qdrant-edge-py`: no package brings the server itself.
 */
export async function startQdrant(): Promise<QdrantServer> {
  if (url === undefined) return startQdrantSidecar();
  return { url, apiKey: process.env.QDRANT_API_KEY || undefined, stop: async () => {} };
}

/** It ends with this process, however that ends. */
export async function startQdrantSidecar(): Promise<QdrantSidecar> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-qdrant-'));
  const apiKey = randomBytes(12).toString('hex');
  let running = await launch(folder, 0, apiKey);
  const { port } = running;
  return {
    url: `http://127.0.0.1:${port}`,
    apiKey,
    kill: () => running.end('SIGKILL'),
    async restart() {
      running = await launch(folder, port, apiKey);
    },
    async stop() {
      await running.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Running {
  port: number;
  /** Without a signal: as its end of stdin asks it to. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

async function launch(folder: string, wanted: number, apiKey: string): Promise<Running> {
  const child = spawn(findStoresPython(), [sidecar, folder, String(wanted)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', QDRANT__SERVICE__API_KEY: apiKey },
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors = (errors + data).slice(-4_000);
  });
  // The pipe of a killed one breaks: its exit tells of its end.
  child.stdin.on('error', () => {});
  const ended = once(child, 'exit');
  const said = once(createInterface({ input: child.stdout }), 'line');
  const first = await Promise.race([said, ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`the Qdrant sidecar ended at its start: ${errors}`);
  const { port } = JSON.parse(String(first[0])) as { port: number };
  return {
    port,
    async end(signal) {
      if (signal === undefined) child.stdin.end();
      else child.kill(signal);
      await ended;
    },
  };
}
