import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { withLock } from './lock.mjs';
import { readJson, writeJson } from './state.mjs';
import { obtainUv } from './uv.mjs';

const marker = '.berth-complete';
const importing = 'importing torch, bitsandbytes and transformers';

/**
 * The Python environment of the locked requirements, in the user's cache folder, shared by every
 * checkout with the same lock, Python version and processor; or the interpreter of BERTH_PYTHON.
 * Where it lies is recorded in `.setup/python.json`, which activities/platform/python.ts reads.
 */
export function pythonEnvironment({ root, cache, env, interpreter }) {
  const requirements = join(root, 'native/bridge/requirements.txt');
  const check = join(root, 'native/bridge/check_environment.py');
  const record = join(root, '.setup/python.json');
  const given = env.BERTH_PYTHON || null;
  const lockHash = () => createHash('sha256').update(readFileSync(requirements)).digest('hex');

  async function register(python, flags, environment, options) {
    const output = await runCommand(python, [check, ...flags], options);
    // Last line: a library may greet on stdout while it is imported.
    const places = JSON.parse(output.split('\n').at(-1));
    writeJson(record, { ...places, environment, given, lock: lockHash() });
  }

  async function build(environment, note, lock) {
    const options = { cwd: cache, env: uvEnv(env), note, inherit: [lock] };
    const found = interpreter().found;
    note('fetching uv');
    const uv = await obtainUv({ cache, interpreter: found, env, note, lock });
    // Scripts in an environment name its path, so it is built in place; the marker comes last, and
    // an environment without one is what a broken-off set-up left.
    rmSync(environment, { recursive: true, force: true });
    await runCommand(uv, ['venv', '--python', found.path, environment], options);
    const python = join(environment, 'bin/python');
    await runCommand(
      uv,
      [
        ...['pip', 'install', '--python', python, '--require-hashes', '--only-binary', ':all:'],
        // The lock file is complete; asking for dependencies would bring back what it leaves out.
        ...['--no-deps', '-r', requirements],
      ],
      options,
    );
    note(importing);
    await runCommand(python, [check, '--import'], { ...options, note: undefined });
    writeJson(join(environment, marker), { lock: lockHash(), python: found.version.join('.') });
  }

  return {
    name: given ? `Python packages of ${given}` : 'Python environment',
    needs: given ? [] : ['disk'],
    due() {
      const known = readJson(record);
      if (known?.lock !== lockHash() || known.given !== given) return true;
      if (!existsSync(known.python)) return true;
      return given === null && !existsSync(join(known.environment, marker));
    },
    async run(note, lock) {
      if (given) {
        note(importing);
        return register(interpreter().found.path, ['--import'], null, { env, inherit: [lock] });
      }
      const { path, version, machine } = interpreter().found;
      const key = createHash('sha256')
        .update(`${lockHash()} ${version[0]}.${version[1]} ${machine}`)
        .digest('hex')
        .slice(0, 16);
      const environment = join(cache, 'python', key);
      mkdirSync(join(cache, 'python'), { recursive: true });
      const shared = {
        path: join(cache, 'setup.lock'),
        python: path,
        waiting: () => note('waiting for another set-up that fills the cache folder'),
      };
      await withLock(shared, async (inner) => {
        if (!isComplete(environment)) await build(environment, note, inner);
      });
      await register(join(environment, 'bin/python'), [], environment, {
        env,
        note,
        inherit: [lock],
      });
      const others = readdirSync(join(cache, 'python')).filter((name) => name !== key);
      return others.length === 0
        ? undefined
        : `${others.length} other Python environment(s) in ${join(cache, 'python')}: remove those that no checkout uses`;
    },
  };
}

/** Finished, and its interpreter still exists (a Python upgrade can take it away). */
function isComplete(environment) {
  return existsSync(join(environment, marker)) && existsSync(join(environment, 'bin/python'));
}

function uvEnv(env) {
  return {
    ...env,
    UV_PYTHON_DOWNLOADS: 'never',
    UV_HTTP_TIMEOUT: env.UV_HTTP_TIMEOUT ?? '300',
    UV_NO_PROGRESS: '1',
    // Whoever reaches packages through a mirror has told pip so.
    ...(env.PIP_INDEX_URL && !env.UV_DEFAULT_INDEX ? { UV_DEFAULT_INDEX: env.PIP_INDEX_URL } : {}),
  };
}
