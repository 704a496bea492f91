import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import { packageRoot } from './packageRoot.ts';

const recordSchema = z.object({ python: z.string() });

/**
 * Path of the interpreter that has the vector stores which Berth runs: BERTH_STORES_PYTHON, or what
 * set-up recorded in `.setup/stores.json`.
 * @throws BerthError InvalidRequest when it is not set up, or gone
 */
export function findStoresPython(
  env: NodeJS.ProcessEnv = process.env,
  root: string = packageRoot(),
): string {
  const python = env.BERTH_STORES_PYTHON || readRecord(join(root, '.setup', 'stores.json'));
  if (python !== undefined && existsSync(python)) return python;
  const gone = python === undefined ? 'not set up' : `gone (${python})`;
  throw berthError('InvalidRequest', `the vector stores' Python is ${gone}: run npm run setup`);
}

/** Undefined when absent or damaged: both are mended by running set-up. */
function readRecord(path: string): string | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).python;
  } catch {
    return undefined;
  }
}
