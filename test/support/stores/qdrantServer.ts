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
  /** Of a sidecar: its process, for a test that kills it. null: a server of QDRANT_URL. */
  pid: number | null;
  stop(): Promise<void>;
}

export interface SidecarOptions {
  /** Of a former sidecar, which is taken up, and stays; default: a new one that `stop` removes. */
  folder?: string;
  /** Default: a free one. */
  port?: number;
  apiKey?: string;
}

const url = process.env.QDRANT_URL || undefined;

/** What is tested: a server that a person named, or the engine behind a REST interface of ours. */
export const qdrantName = url === undefined ? 'Qdrant (sidecar over qdrant-edge)' : 'Qdrant';

/** @returns null when there is one; else how to get it */
export function findQdrant(): string | null {
  if (url !== undefined) return null;
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
  if (url === undefined) {
    return startQdrantSidecar({ apiKey: randomBytes(12).toString('hex') });
  }
  const apiKey = process.env.QDRANT_API_KEY || undefined;
  return { url, apiKey, pid: null, stop: async () => {} };
}

/** Ends with this process, however that ends. */
export async function startQdrantSidecar(options: SidecarOptions = {}): Promise<QdrantServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'berth-qdrant-')));
  const { apiKey } = options;
  const child = spawn(findStoresPython(), [sidecar, folder, String(options.port ?? 0)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      ...(apiKey === undefined ? {} : { QDRANT__SERVICE__API_KEY: apiKey }),
    },
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
    url: `http://127.0.0.1:${port}`,
    apiKey,
    pid: child.pid ?? null,
    async stop() {
      child.stdin.end();
      await ended;
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
