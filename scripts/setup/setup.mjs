// Sets up a checkout: npm packages, Rust addon, Python environment, dist/. Plain JavaScript on
// Node's built-ins, because it runs before `npm ci`. Safe to run again and by several at once.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cacheFolder.mjs';
import { findInterpreter } from './interpreter.mjs';
import { withLock } from './lock.mjs';
import { npmPackages } from './npmPackages.mjs';
import { missingPlatform, missingPrerequisites } from './prerequisites.mjs';
import { createProgress } from './progress.mjs';
import { pythonEnvironment } from './pythonEnvironment.mjs';
import { rustAddon } from './rustAddon.mjs';
import { SetupError } from './setupError.mjs';
import { createState } from './state.mjs';
import { storesEnvironment } from './storesEnvironment.mjs';
import { typescript } from './typescript.mjs';
import { workflowBundle } from './workflowBundle.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const env = process.env;
const progress = createProgress(process.stderr);

function memoize(compute) {
  let value;
  return () => {
    value ??= compute();
    return value;
  };
}

async function setUp() {
  const platform = missingPlatform();
  if (platform.length > 0) throw new SetupError(platform, 2);
  const cache = cacheFolder(env);
  const interpreter = memoize(() => findInterpreter(env));
  const context = { root, cache, env, interpreter, state: createState(root) };
  const steps = [
    npmPackages,
    rustAddon,
    pythonEnvironment,
    storesEnvironment,
    typescript,
    workflowBundle,
  ].map((create) => create(context));
  const due = steps.filter((step) => step.due());
  if (due.length === 0) return false;

  // All at once, so that nobody installs one thing only to hear of the next.
  const needs = ['python', ...due.flatMap((step) => step.needs)];
  const missing = missingPrerequisites(needs, { root, cache, env, interpreter: interpreter() });
  if (missing.length > 0) throw new SetupError(missing, 2);

  const checkout = {
    path: join(root, '.setup/lock'),
    python: interpreter().found.path,
    waiting: () => progress.line('set-up: waiting for another one in this checkout'),
  };
  await withLock(checkout, async (lock) => {
    for (const step of steps) {
      // Asked again: an earlier step, or the set-up that was waited for, may have settled it.
      if (step.due()) await runStep(step, lock);
    }
  });
  return true;
}

async function runStep(step, lock) {
  const shown = progress.step(step.name);
  try {
    const remark = await step.run(shown.note, lock);
    shown.done();
    if (typeof remark === 'string') progress.line(`  ${remark}`);
  } catch (error) {
    shown.fail();
    throw error;
  }
}

const started = performance.now();
try {
  const worked = await setUp();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  progress.line(worked ? `set-up: done (${seconds} s)` : `set-up: nothing to do (${seconds} s)`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  for (const line of error.lines) progress.line(error.exit === 2 ? `set-up: ${line}` : line);
  process.exitCode = error.exit;
}
