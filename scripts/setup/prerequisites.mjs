import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { supportedPython } from './interpreter.mjs';

const oldestNode = [20, 3];
const environmentBytes = 8e9;

/** @returns {boolean} whether a program of that name is on the PATH */
export function onPath(name, env) {
  return (env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @returns {number} bytes free for this user where `path` is or will be */
function freeBytes(path) {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function missingRust(root, env) {
  const manifest = readFileSync(join(root, 'native/addon/Cargo.toml'), 'utf8');
  const oldest = /^rust-version\s*=\s*"(\d+\.\d+)/m.exec(manifest)?.[1];
  const install = `install Rust stable${oldest ? ` ${oldest} or newer` : ''}, with rustup for example`;
  if (!onPath('cargo', env)) return `missing: cargo (${install})`;
  const version = spawnSync('cargo', ['--version'], { env, cwd: root, encoding: 'utf8' });
  const found = /^cargo (\d+\.\d+)/.exec(version.stdout ?? '')?.[1];
  if (!found) return `missing: a cargo that runs (${install})`;
  return oldest && isOlder(found, oldest) ? `too old: cargo ${found} (${install})` : undefined;
}

function isOlder(found, wanted) {
  const [a, b] = [found, wanted].map((text) => text.split('.').map(Number));
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/**
 * What a step may need; each check returns one line, or nothing when it is met.
 * @typedef {{root: string, cache: string, env: NodeJS.ProcessEnv,
 *   interpreter: {found: object | undefined, tried: string}}} Machine
 * @type {Record<string, (machine: Machine) => string | undefined>}
 */
const checks = {
  python: ({ interpreter }) =>
    interpreter.found
      ? undefined
      : `missing: Python ${supportedPython}, which torch 2.15 needs (${interpreter.tried}); install it or set BERTH_PYTHON`,
  npm: ({ env }) =>
    onPath('npm', env)
      ? undefined
      : 'missing: npm (it comes with Node.js; Debian: apt install npm)',
  rust: ({ root, env }) => missingRust(root, env),
  cc: ({ env }) =>
    onPath('cc', env)
      ? undefined
      : 'missing: a C compiler, cc (Debian: apt install build-essential)',
  disk: ({ cache }) => {
    const free = freeBytes(cache);
    if (free >= environmentBytes) return undefined;
    const figure = (free / 1e9).toFixed(1);
    return `too full: ${cache} has ${figure} GB free, the Python environment takes up to 8 GB (free some, or set XDG_CACHE_HOME)`;
  },
};

/**
 * One line for everything that is missing.
 * @param {Iterable<string>} needs names of `checks`
 * @param {Machine} machine
 * @returns {string[]}
 */
export function missingPrerequisites(needs, machine) {
  return [...new Set(needs)].flatMap((need) => checks[need](machine) ?? []);
}

/** What holds before any step is looked at. @returns {string[]} */
export function missingPlatform(platform = process.platform, node = process.versions.node) {
  const missing = [];
  if (platform !== 'linux') missing.push(`unsupported: ${platform} (Berth runs on Linux)`);
  if (isOlder(node, oldestNode.join('.')))
    missing.push(`too old: Node.js ${node} (install ${oldestNode.join('.')} or newer)`);
  return missing;
}
