import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { withLock } from './lock.mjs';
import { writeJson } from './state.mjs';
import { obtainUv } from './uv.mjs';

const marker = '.berth-complete';

/**
 * Python environments of locked requirements, in a folder of the user's cache that every checkout
 * with the same lock, Python version and processor shares.
 * @param {{cache: string, env: NodeJS.ProcessEnv, folder: string, requirements: string,
 *   interpreter: () => {found: import('./interpreter.mjs').Interpreter}}} options
 *   `folder` lies in `cache`; `requirements` is the lock file
 */
export function lockedEnvironment({ cache, env, folder, requirements, interpreter }) {
  const parent = join(cache, folder);
  const lockHash = () => createHash('sha256').update(readFileSync(requirements)).digest('hex');

  async function build(environment, verify, note, lock) {
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
    await verify(python, { ...options, note: undefined });
    writeJson(join(environment, marker), { lock: lockHash(), python: found.version.join('.') });
  }

  return {
    lockHash,
    /** Finished, and its interpreter still exists (a Python upgrade can take it away). */
    isComplete: (environment) =>
      existsSync(join(environment, marker)) && existsSync(join(environment, 'bin/python')),
    /**
     * Builds it unless it is there; waits for another set-up that does.
     * @param {(python: string, options: object) => Promise<unknown>} verify imports what it holds
     * @param {(line: string) => void} note
     * @returns {Promise<{environment: string, others: number}>} `others`: of other locks
     */
    async ensure(verify, note) {
      const { path, version, machine } = interpreter().found;
      const key = createHash('sha256')
        .update(`${lockHash()} ${version[0]}.${version[1]} ${machine}`)
        .digest('hex')
        .slice(0, 16);
      const environment = join(parent, key);
      mkdirSync(parent, { recursive: true });
      const shared = {
        path: join(cache, 'setup.lock'),
        python: path,
        waiting: () => note('waiting for another set-up that fills the cache folder'),
      };
      await withLock(shared, async (inner) => {
        if (!this.isComplete(environment)) await build(environment, verify, note, inner);
      });
      const others = readdirSync(parent).filter((name) => name !== key);
      return { environment, others: others.length };
    },
  };
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
