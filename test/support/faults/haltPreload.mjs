// Loaded into workers by NODE_OPTIONS: lets a test stop one at an exact step on disk, such as before
// a certain file gets its name. Plain JavaScript, because workers run compiled.
import { existsSync, readdirSync, readFileSync, renameSync, watch } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const folder = process.env.BERTH_TEST_HALTS;
const worker = /(host|device|query)Worker\.js$/.exec(process.argv[1] ?? '')?.[1];

/** Waits where the operation is armed, until the test releases it or kills this process. */
async function halt(when, operation, path) {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.armed')) continue;
    const armed = join(folder, name);
    let point;
    try {
      point = JSON.parse(readFileSync(armed, 'utf8'));
    } catch {
      // Taken by another operation between listing and reading.
      continue;
    }
    if ((point.worker ?? 'host') !== worker) continue;
    if (point.when !== when || point.operation !== operation) continue;
    if (!new RegExp(point.path).test(path)) continue;
    await waitFor(armed);
  }
}

async function waitFor(armed) {
  const [reached, released] = ['reached', 'released'].map((state) =>
    armed.replace(/armed$/, state),
  );
  const waiting = new Promise((resolve) => {
    const watcher = watch(folder, () => {
      if (!existsSync(released)) return;
      watcher.close();
      resolve();
    });
  });
  // Renaming claims it: of several operations one halts.
  try {
    renameSync(armed, reached);
  } catch {
    return;
  }
  await waiting;
}

function haltAround(operation, pathOf) {
  const original = promises[operation];
  promises[operation] = async (...args) => {
    const path = String(pathOf(args));
    await halt('before', operation, path);
    const result = await original(...args);
    await halt('after', operation, path);
    return result;
  };
}

if (folder !== undefined && worker !== undefined) {
  haltAround('rename', ([, to]) => to);
  haltAround('link', ([, to]) => to);
  haltAround('rm', ([path]) => path);
  syncBuiltinESMExports();
}
