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
  pid: number;
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
  const [port, grpc, gossip, data, raft, rpc] = await freePorts(6);
  const apiKey = randomBytes(12).toString('hex');
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', '--', program],
      ...['--host', '127.0.0.1', '--port', String(port), '--scheme', 'http'],
    ],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PERSISTENCE_DATA_PATH: join(folder, 'data'),
        AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'false',
        AUTHENTICATION_APIKEY_ENABLED: 'true',
        AUTHENTICATION_APIKEY_ALLOWED_KEYS: apiKey,
        AUTHENTICATION_APIKEY_USERS: 'berth',
        DEFAULT_VECTORIZER_MODULE: 'none',
        ENABLE_MODULES: '',
        CLUSTER_HOSTNAME: 'berth',
        CLUSTER_ADVERTISE_ADDR: '127.0.0.1',
        CLUSTER_GOSSIP_BIND_PORT: String(gossip),
        CLUSTER_DATA_BIND_PORT: String(data),
        RAFT_PORT: String(raft),
        RAFT_INTERNAL_RPC_PORT: String(rpc),
        RAFT_JOIN: `berth:${raft}`,
        RAFT_BOOTSTRAP_EXPECT: '1',
        GRPC_PORT: String(grpc),
        DISABLE_TELEMETRY: 'true',
        GO_PROFILING_DISABLE: 'true',
        // A developer's full disk is no reason to take no writes.
        DISK_USE_READONLY_PERCENTAGE: '99',
        LOG_LEVEL: 'warning',
      },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      said = (said + bytes).slice(-4_000);
    });
  }
  const ended = once(child, 'exit');
  const server: WeaviateServer = {
    url: `http://127.0.0.1:${port}?grpc=${grpc}`,
    apiKey,
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
  while (!(await isReady(Number(port)))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      await server.stop();
      throw new Error(`Weaviate ended at its start: ${said}`);
    }
    // It says that it is ready by nothing but this answer.
    await pause(100);
  }
  return server;
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/v1/.well-known/ready`)).ok;
  } catch {
    return false;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await getPort({ host: '127.0.0.1', exclude: [...ports] }));
  return [...ports];
}
