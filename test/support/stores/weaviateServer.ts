import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import getPort from 'get-port';

const script = fileURLToPath(new URL('../../../scripts/stores/weaviate.mjs', import.meta.url));

export interface WeaviateServer {
  /** Of REST, with gRPC's port. */
  url: string;
  apiKey: string;
  /** Kills it with SIGKILL; its data stay. */
  kill(): Promise<void>;
  /** The same data at the same place. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** @returns null when the tests can have a server; else how to get it. In CI its build is part of it. */
export function findWeaviate(): string | null {
  if (process.env.CI) return null;
  const { status } = spawnSync(process.execPath, [script, '--built'], { stdio: 'ignore' });
  return status === 0 ? null : 'no Weaviate server: npm run stores:weaviate builds it (with Go)';
}

/** Path of the program, once a build that runs has ended. @throws with what the build says */
async function weaviateProgram(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [script]).catch((error) => {
    throw new Error(`npm run stores:weaviate failed: ${error.stderr || error.message}`);
  });
  return stdout.trim();
}

/** A hook that starts a server waits for the build that CI started before the tests. */
export const buildTimeout = 40 * 60_000;

/** A Weaviate of its own with free ports, a key and a temporary folder; it ends with this process. */
export async function startWeaviate(): Promise<WeaviateServer> {
  const program = await weaviateProgram();
  const folder = await mkdtemp(join(tmpdir(), 'berth-weaviate-'));
  const ports = await freePorts();
  const apiKey = randomBytes(12).toString('hex');
  const run = () => launch(program, folder, ports, apiKey);
  let end = await run();
  return {
    url: `http://127.0.0.1:${ports.rest}?grpc=${ports.grpc}`,
    apiKey,
    kill: () => end('SIGKILL'),
    async restart() {
      end = await run();
    },
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type End = (signal: NodeJS.Signals) => Promise<void>;

async function launch(program: string, folder: string, ports: Ports, apiKey: string): Promise<End> {
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', '--', program],
      ...['--host', '127.0.0.1', '--port', String(ports.rest), '--scheme', 'http'],
    ],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...settings(folder, ports, apiKey) },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      said = (said + bytes).slice(-4_000);
    });
  }
  const ended = once(child, 'exit');
  while (!(await isReady(ports.rest))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Weaviate ended at its start: ${said}`);
    }
    // It says that it is ready by nothing but this answer.
    await pause(100);
  }
  return async (signal) => {
    child.kill(signal);
    await ended;
  };
}

const settings = (folder: string, ports: Ports, apiKey: string): Record<string, string> => ({
  PERSISTENCE_DATA_PATH: join(folder, 'data'),
  AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'false',
  AUTHENTICATION_APIKEY_ENABLED: 'true',
  AUTHENTICATION_APIKEY_ALLOWED_KEYS: apiKey,
  AUTHENTICATION_APIKEY_USERS: 'berth',
  DEFAULT_VECTORIZER_MODULE: 'none',
  ENABLE_MODULES: '',
  CLUSTER_HOSTNAME: 'berth',
  CLUSTER_ADVERTISE_ADDR: '127.0.0.1',
  CLUSTER_GOSSIP_BIND_PORT: String(ports.gossip),
  CLUSTER_DATA_BIND_PORT: String(ports.data),
  RAFT_PORT: String(ports.raft),
  RAFT_INTERNAL_RPC_PORT: String(ports.rpc),
  RAFT_JOIN: `berth:${ports.raft}`,
  RAFT_BOOTSTRAP_EXPECT: '1',
  GRPC_PORT: String(ports.grpc),
  DISABLE_TELEMETRY: 'true',
  GO_PROFILING_DISABLE: 'true',
  // A developer's full disk is no reason to take no writes.
  DISK_USE_READONLY_PERCENTAGE: '99',
  LOG_LEVEL: 'warning',
});

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/v1/.well-known/ready`)).ok;
  } catch {
    return false;
  }
}

const portNames = ['rest', 'grpc', 'gossip', 'data', 'raft', 'rpc'] as const;
type Ports = Record<(typeof portNames)[number], number>;

async function freePorts(): Promise<Ports> {
  const ports: Partial<Ports> = {};
  for (const name of portNames) {
    ports[name] = await getPort({ host: '127.0.0.1', exclude: Object.values(ports) });
  }
  return ports as Ports;
}
