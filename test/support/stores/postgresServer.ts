import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import getPort from 'get-port';
import pg from 'pg';
import { findPostgres, type PostgresInstallation } from './postgresInstallation.ts';

export interface PostgresServer {
  /** `postgres://berth@127.0.0.1:<port>/postgres`, without the password. */
  url: string;
  password: string;
  /** PGPASSWORD, to be merged into an environment. */
  env: { PGPASSWORD: string };
  /** @returns URL, without the password, of a new empty database */
  createDatabase(): Promise<string>;
  /** Ends it as a person would, and removes its data. */
  stop(): Promise<void>;
  /** Ends it; its data stay. */
  halt(): Promise<void>;
  /** Ends it at once, as a power cut would but for the disk's cache; it recovers at its restart. */
  crash(): Promise<void>;
  /** The same data at the same place. */
  restart(): Promise<void>;
}

/**
 * A PostgreSQL with pgvector on a free port of the loopback, with a password. It ends with this
 * process, however that ends.
 * @param settings of postgresql.conf, such as `{ max_connections: '5' }`
 */
export async function startPostgres(
  settings: Record<string, string> = {},
): Promise<PostgresServer> {
  const found = findPostgres();
  if (typeof found === 'string') throw new Error(found);
  const folder = await mkdtemp(join(tmpdir(), 'berth-postgres-'));
  const password = randomBytes(12).toString('hex');
  await initialize(found, folder, password);
  const port = await getPort({ host: '127.0.0.1' });
  const run = () => launch(found, folder, { ...settings, port: String(port) });
  let server = await run();
  const url = `postgres://berth@127.0.0.1:${port}/postgres`;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  };
  // Fast: sessions are ended, and what was committed is on the disk.
  const halt = () => end('SIGINT');
  return {
    url,
    password,
    env: { PGPASSWORD: password },
    async createDatabase() {
      const name = `test_${randomBytes(6).toString('hex')}`;
      const client = new pg.Client({ connectionString: withPassword(url, password) });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`).finally(() => client.end());
      return url.replace(/postgres$/, name);
    },
    halt,
    crash: () => end('SIGQUIT'),
    async stop() {
      await halt();
      await rm(folder, { recursive: true, force: true });
    },
    async restart() {
      await halt();
      server = await run();
    },
  };
}

/** For clients that take the password only in the URL. */
export function withPassword(url: string, password: string): string {
  const own = new URL(url);
  own.password = password;
  return own.href;
}

const asUser = ({ user }: PostgresInstallation): string[] =>
  user === null ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];

async function initialize(found: PostgresInstallation, folder: string, password: string) {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (found.user !== null) {
    await chown(folder, found.user.uid, found.user.gid);
    await chown(passwordFile, found.user.uid, found.user.gid);
  }
  const options = ['--auth=scram-sha-256', '--username=berth', `--pwfile=${passwordFile}`];
  const where = ['--no-sync', '--no-locale', '--encoding=UTF8', '-D', join(folder, 'data')];
  const initdb = join(found.bin, 'initdb');
  await promisify(execFile)('setpriv', [...asUser(found), '--', initdb, ...options, ...where]);
}

async function launch(
  found: PostgresInstallation,
  folder: string,
  settings: Record<string, string>,
): Promise<ChildProcess> {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: folder, ...settings };
  const child = spawn(
    'setpriv',
    // SIGQUIT ends it at once, with its children and its shared memory.
    [...asUser(found), '--pdeathsig', 'QUIT', '--', join(found.bin, 'postgres')].concat(
      ['-D', join(folder, 'data')],
      Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ),
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (said.length > 20) said.shift();
      if (line.includes('database system is ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`postgres did not start: ${said.join(' | ')}`)));
  });
  return child;
}
