import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createMiniCheckout } from '../support/miniCheckout.ts';

const mini = createMiniCheckout();
const at = (path: string) => join(mini.folder, path);
const ticked = (stderr: string) =>
  [...stderr.matchAll(/^✔ (.+) \(\d+\.\d s\)$/gm)].map((match) => match[1]);
const recorded = () => JSON.parse(readFileSync(at('.setup/python.json'), 'utf8'));

/** A PATH with a Python and nothing else. */
function onlyPython(): string {
  const folder = at('bin');
  if (!existsSync(folder)) {
    mkdirSync(folder);
    symlinkSync(recorded().python, join(folder, 'python3'));
  }
  return folder;
}

beforeAll(async () => {
  const first = await mini.setUp();
  expect(first.stderr).toContain('set-up: done');
  expect(ticked(first.stderr)).toEqual([
    'npm packages',
    'Rust addon',
    'Python environment',
    'TypeScript',
  ]);
  expect(first.exitCode).toBe(0);
});
afterAll(() => mini.remove());

test('a fresh checkout gets packages, addon, environment and compiled sources', () => {
  expect(existsSync(at('node_modules/typescript/package.json'))).toBe(true);
  expect(readFileSync(at('native/addon/build/berth.node')).subarray(1, 4).toString()).toBe('ELF');
  expect(statSync(at('dist/scripts/cli/main.js')).mode & 0o111).toBe(0o111);
  expect(existsSync(recorded().python)).toBe(true);
});

test('a second run starts no program and says one quiet line', async () => {
  const second = await mini.setUp({ PATH: '/nowhere' });
  expect(second.stderr).toMatch(/^set-up: nothing to do \(\d+\.\d s\)$/);
  expect(second.stdout).toBe('');
  expect(second.exitCode).toBe(0);
});

test('a changed source is compiled again, alone, and what a removed one left is removed', async () => {
  expect(existsSync(at('dist/workflows/old.js'))).toBe(true);
  rmSync(at('workflows/old.ts'));
  mini.write('workflows/fresh.ts', 'export const fresh = 1;\n');
  const run = await mini.setUp();
  expect(ticked(run.stderr)).toEqual(['TypeScript']);
  expect(existsSync(at('dist/workflows/old.js'))).toBe(false);
  expect(existsSync(at('dist/workflows/old.d.ts'))).toBe(false);
  expect(existsSync(at('dist/workflows/fresh.js'))).toBe(true);
});

test('a source with a type error fails with the compiler’s own words until it is mended', async () => {
  mini.write('workflows/fresh.ts', 'export const fresh: string = 1;\n');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const run = await mini.setUp();
    expect(run.stderr).toMatch(/workflows\/fresh\.ts.*TS2322/);
    expect(run.exitCode).toBe(1);
  }
  mini.write('workflows/fresh.ts', 'export const fresh = 2;\n');
  expect((await mini.setUp()).exitCode).toBe(0);
});

test('a changed crate is built again into a new file', async () => {
  const before = statSync(at('native/addon/build/berth.node')).ino;
  mini.write('native/addon/src/lib.rs', '#[no_mangle]\npub extern "C" fn two() -> u32 { 2 }\n');
  const run = await mini.setUp();
  expect(ticked(run.stderr)).toEqual(['Rust addon']);
  expect(statSync(at('native/addon/build/berth.node')).ino).not.toBe(before);
});

test('missing tools are named, one line each, before anything is done', async () => {
  const old = readFileSync(at('native/addon/src/lib.rs'));
  mini.write('native/addon/src/lib.rs', 'compile_error!("must not be reached");\n');
  const run = await mini.setUp({ PATH: onlyPython() });
  const lines = run.stderr.split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^set-up: missing: cargo /),
    expect.stringMatching(/^set-up: missing: a C compiler/),
  ]);
  expect(run.exitCode).toBe(2);
  writeFileSync(at('native/addon/src/lib.rs'), old);
});

test('no Python, or one that does not run, is one line that says which versions do', async () => {
  const given = await mini.setUp({ BERTH_PYTHON: '/no/such/python' });
  expect(given.stderr).toMatch(/^set-up: missing: Python 3\.11 .*BERTH_PYTHON=\/no\/such\/python/);
  expect(given.exitCode).toBe(2);
  const none = await mini.setUp({ BERTH_PYTHON: 'python3', PATH: '/nowhere' });
  expect(none.stderr.split('\n')).toHaveLength(1);
  expect(none.exitCode).toBe(2);
});

test('BERTH_PYTHON is taken as it is, recorded, and given up when it is unset', async () => {
  const { python } = recorded();
  const run = await mini.setUp({ BERTH_PYTHON: python });
  expect(run.exitCode).toBe(0);
  expect(recorded()).toMatchObject({ python, given: python, environment: null });
  expect((await mini.setUp({ BERTH_PYTHON: python })).stderr).toContain('nothing to do');
  await mini.setUp();
  expect(recorded()).toMatchObject({ python, given: null });
});

test('an environment that was left half-built is built again', async () => {
  const { environment, python } = recorded();
  rmSync(join(environment, '.berth-complete'));
  writeFileSync(join(environment, 'leftover'), '');
  rmSync(python);
  const run = await mini.setUp();
  expect(ticked(run.stderr)).toEqual(['Python environment']);
  expect(existsSync(join(environment, 'leftover'))).toBe(false);
  expect(existsSync(python)).toBe(true);
});

test('two set-ups at once build a shared environment once', async () => {
  const { environment } = recorded();
  const other = `${mini.folder}-other`;
  cpSync(mini.folder, other, { recursive: true, verbatimSymlinks: true });
  rmSync(environment, { recursive: true });
  rmSync(mini.log);
  const runs = await Promise.all([mini.setUp(), mini.setUp(), mini.setUp({}, other)]);
  expect(runs.map((run) => run.exitCode)).toEqual([0, 0, 0]);
  expect(readFileSync(mini.log, 'utf8')).toMatch(/^imported by \d+\n$/);
});

test('a set-up killed while it fills an environment leaves no lock and no half environment', async () => {
  const { environment } = recorded();
  rmSync(join(environment, '.berth-complete'));
  rmSync(mini.log);
  const killed = mini.setUp({ MINI_HANG: '1' });
  const child = await vi.waitFor(() => Number(/\d+/.exec(readFileSync(mini.log, 'utf8'))?.[0]), {
    timeout: 30_000,
  });
  killed.kill('SIGKILL');
  expect((await killed).signal).toBe('SIGKILL');

  // What it had started lives on and keeps the lock: two must not write into one environment.
  const next = mini.setUp();
  const lock = statSync(join(mini.base, 'cache/berth/setup.lock')).ino;
  await vi.waitFor(
    () => {
      const waiting = new RegExp(`-> FLOCK .*:${lock} `);
      expect(readFileSync('/proc/locks', 'utf8')).toMatch(waiting);
    },
    { timeout: 30_000 },
  );
  expect(existsSync(join(environment, '.berth-complete'))).toBe(false);
  process.kill(child, 'SIGKILL');
  expect((await next).exitCode).toBe(0);
  expect(existsSync(join(environment, '.berth-complete'))).toBe(true);
});

/** Variables under which Python has neither pip nor ensurepip, as on a bare Debian. */
function withoutPip(cache: string) {
  const folder = at('no-pip');
  mkdirSync(folder, { recursive: true });
  const hide = 'import sys\nfor name in ("pip", "ensurepip"):\n    sys.modules[name] = None\n';
  writeFileSync(join(folder, 'sitecustomize.py'), hide);
  return { PYTHONPATH: folder, XDG_CACHE_HOME: join(mini.base, cache) };
}

test('uv comes through venv where Python has no pip', async () => {
  const { python } = recorded();
  const bare = join(mini.base, 'bare');
  await execa(python, ['-m', 'venv', '--without-pip', bare]);
  rmSync(at('.setup/python.json'));
  const run = await mini.setUp({
    PATH: `${join(bare, 'bin')}:${process.env.PATH}`,
    XDG_CACHE_HOME: join(mini.base, 'cache-venv'),
  });
  expect(ticked(run.stderr)).toEqual(['Python environment']);
  expect(readdirSync(join(mini.base, 'cache-venv/berth'))).toContainEqual(
    expect.stringMatching(/^uv-[\d.]+-\w+$/),
  );
});

test('a Python without pip and venv takes the uv on the PATH, or says what to install', async () => {
  rmSync(at('.setup/python.json'));
  const none = await mini.setUp(withoutPip('cache-none'));
  expect(none.stderr.split('\n').at(-1)).toMatch(/neither pip nor venv.*apt install python3-venv/);
  expect(none.exitCode).toBe(2);

  const cache = join(mini.base, 'cache/berth');
  const uv = readdirSync(cache).find((name) => name.startsWith('uv-')) ?? '';
  const run = await mini.setUp({
    ...withoutPip('cache-path'),
    PATH: `${join(cache, uv, 'bin')}:${process.env.PATH}`,
  });
  expect(ticked(run.stderr)).toEqual(['Python environment']);
});
