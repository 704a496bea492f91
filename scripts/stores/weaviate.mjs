// Builds the Weaviate server that the tests run, from its Go module, whose version and hashes are
// pinned in native/stores/weaviate. Prints the program's path. It is kept in the user's cache folder,
// so only the first build of a version takes its 13 minutes on two cores.
//   --built   only says where it is: builds nothing, and ends with 1 when it is not there
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../setup/cacheFolder.mjs';
import { runCommand } from '../setup/command.mjs';
import { findInterpreter, supportedPython } from '../setup/interpreter.mjs';
import { withLock } from '../setup/lock.mjs';
import { onPath } from '../setup/prerequisites.mjs';
import { createProgress } from '../setup/progress.mjs';
import { SetupError } from '../setup/setupError.mjs';

const { env } = process;
const module = fileURLToPath(new URL('../../native/stores/weaviate/', import.meta.url));
const builtFrom = 'github.com/weaviate/weaviate';
const politeness = 10;
const unfinished = '.building-';
const progress = createProgress(process.stderr);

function pinned(pattern) {
  return pattern.exec(readFileSync(join(module, 'go.mod'), 'utf8'))?.[1];
}

const version = pinned(new RegExp(`^\\s*${builtFrom} (v\\S+)`, 'm'));
const stores = join(cacheFolder(env), 'stores');
const program = join(stores, 'weaviate', version, 'weaviate-server');

async function build(lock) {
  const folder = join(stores, 'weaviate');
  mkdirSync(folder, { recursive: true });
  // Whoever holds the lock is alone: these were left by builds that were killed.
  for (const name of readdirSync(folder).filter((one) => one.startsWith(unfinished))) {
    rmSync(join(folder, name), { recursive: true });
  }
  const building = mkdtempSync(join(folder, unfinished));
  const shown = progress.step(`Weaviate ${version} from its Go module`);
  try {
    await runCommand(
      'go',
      [
        ...['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w'],
        ...['-o', join(building, 'weaviate-server'), `${builtFrom}/cmd/weaviate-server`],
      ],
      { cwd: module, env, note: shown.note, inherit: [lock] },
    );
    rmSync(join(folder, version), { recursive: true, force: true });
    renameSync(building, join(folder, version));
    shown.done();
  } catch (error) {
    shown.fail();
    rmSync(building, { recursive: true, force: true });
    throw error;
  }
}

async function obtain() {
  if (existsSync(program)) return;
  const { found, tried } = findInterpreter(env);
  const missing = [];
  if (!onPath('go', env)) {
    const oldest = pinned(/^go (\d+\.\d+)/m);
    missing.push(`missing: go (install Go ${oldest} or newer, then npm run stores:weaviate)`);
  }
  if (!found) missing.push(`missing: Python ${supportedPython} (${tried})`);
  if (missing.length > 0) throw new SetupError(missing, 2);
  // It runs beside other work, which is to go first.
  setPriority(politeness);
  const lock = {
    path: join(stores, 'weaviate.lock'),
    python: found.path,
    waiting: () => progress.line('waiting for another build of Weaviate'),
  };
  await withLock(lock, async (descriptor) => {
    if (!existsSync(program)) await build(descriptor);
  });
}

try {
  if (process.argv.includes('--built')) process.exitCode = existsSync(program) ? 0 : 1;
  else await obtain();
  if (!process.exitCode) console.log(program);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  for (const line of error.lines) progress.line(line);
  process.exitCode = error.exit;
}
