import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../activities/platform/packageRoot.ts';

const root = packageRoot(import.meta.url);

interface LockEntry {
  version: string;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
}

/** The compiler alone out of Berth's own lock, with the binaries it chooses from. */
function typescriptLock(): { manifest: object; lock: object } {
  const whole: { packages: Record<string, LockEntry> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  );
  const compiler = whole.packages['node_modules/typescript'];
  if (compiler === undefined) throw new Error('package-lock.json holds no typescript');
  const names = ['typescript', ...Object.keys(compiler.optionalDependencies ?? {})];
  const manifest = {
    name: 'mini',
    version: '1.0.0',
    type: 'module',
    devDependencies: { typescript: compiler.version },
  };
  const packages = Object.fromEntries(
    names.map((name) => [`node_modules/${name}`, whole.packages[`node_modules/${name}`]]),
  );
  return {
    manifest,
    lock: {
      ...manifest,
      lockfileVersion: 3,
      requires: true,
      packages: { '': manifest, ...packages },
    },
  };
}

/** One small pure-Python package with its hashes, out of Berth's own lock. */
function smallRequirement(): string {
  const text = readFileSync(join(root, 'native/bridge/requirements.txt'), 'utf8');
  const block = /^rfc8785==.*\n(?: {4}--hash=.*\n)+/m.exec(text)?.[0];
  if (block === undefined) throw new Error('requirements.txt holds no rfc8785');
  return block.replace(/ \\\n$/, '\n');
}

// Stands in for the real one, which imports torch; the log shows how often an environment was built.
const checkEnvironment = `
import json, os, signal, sys
if "--import" in sys.argv:
    import rfc8785
    with open(os.environ["MINI_LOG"], "a") as log:
        log.write(f"imported by {os.getpid()}\\n")
    if "MINI_HANG" in os.environ:
        signal.pause()
print(json.dumps({"python": sys.executable, "temporal": None, "model": None}))
`;

const crate = `
[package]
name = "berth_native"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]
`;

const crateLock = `
version = 3

[[package]]
name = "berth_native"
version = "0.1.0"
`;

/**
 * A checkout in miniature with the real set-up scripts and real tools: one npm package, an addon of
 * one function, one Python package; its cache folder is its own.
 */
export function createMiniCheckout() {
  const base = mkdtempSync(join(tmpdir(), 'berth-setup-'));
  const folder = join(base, 'checkout');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  cpSync(join(root, 'scripts/setup'), join(folder, 'scripts/setup'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  const { manifest, lock } = typescriptLock();
  write('package.json', JSON.stringify(manifest));
  write('package-lock.json', JSON.stringify(lock));
  const compilerOptions = { target: 'ES2022', module: 'NodeNext', types: [], strict: true };
  write('tsconfig.json', JSON.stringify({ compilerOptions }));
  cpSync(join(root, 'tsconfig.build.json'), join(folder, 'tsconfig.build.json'));
  write('scripts/cli/main.ts', 'export const answer: number = 42;\n');
  write('workflows/old.ts', 'export const old: string = "old";\n');
  write('native/addon/Cargo.toml', crate);
  write('native/addon/Cargo.lock', crateLock);
  write('native/addon/src/lib.rs', '#[no_mangle]\npub extern "C" fn one() -> u32 { 1 }\n');
  write('native/bridge/requirements.txt', smallRequirement());
  write('native/bridge/check_environment.py', checkEnvironment);

  return {
    base,
    folder,
    write,
    log: join(base, 'log'),
    /** Runs the set-up of `at`; `env` replaces variables. */
    setUp: (env: Record<string, string> = {}, at: string = folder) =>
      execa(process.execPath, [join(at, 'scripts/setup/setup.mjs')], {
        cwd: base,
        env: {
          XDG_CACHE_HOME: join(base, 'cache'),
          MINI_LOG: join(base, 'log'),
          BERTH_PYTHON: '',
          ...env,
        },
        reject: false,
        stdin: 'ignore',
      }),
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}
