import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes JSON under a temporary name first, so that no reader meets half a file. */
export function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.partial`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(temporary, path);
}

/** The JSON object in a file; undefined when it is absent or damaged, which only means more work. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Which inputs each step last succeeded with: `.setup/state.json` in the checkout.
 * @param {string} root
 */
export function createState(root) {
  const path = join(root, '.setup', 'state.json');
  return {
    /** @param {string} step @returns {string | undefined} fingerprint */
    get: (step) => readJson(path)?.[step],
    /** @param {string} step @param {string} print */
    set: (step, print) => writeJson(path, { ...readJson(path), [step]: print }),
  };
}
