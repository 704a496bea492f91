import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './command.mjs';
import { onPath } from './prerequisites.mjs';
import { SetupError } from './setupError.mjs';

const locked = new URL('uv.txt', import.meta.url);

/**
 * uv of the pinned version and hash, in the cache folder; its own copy, since the Python it comes
 * from may be managed by the system (PEP 668) and must stay as it is.
 * @param {{cache: string, interpreter: import('./interpreter.mjs').Interpreter,
 *   env: NodeJS.ProcessEnv, note: (line: string) => void, lock: number}} options
 * @returns {Promise<string>} path of the program
 * @throws SetupError when Python has neither pip nor venv and there is no uv on the PATH
 */
export async function obtainUv({ cache, interpreter, env, note, lock }) {
  const version = /^uv==(\S+)/m.exec(readFileSync(locked, 'utf8'))?.[1];
  const home = join(cache, `uv-${version}-${interpreter.machine}`);
  const program = join(home, 'bin/uv');
  if (existsSync(program)) return program;
  if (!interpreter.pip && !interpreter.venv) {
    if (onPath('uv', env)) return 'uv';
    throw new SetupError(
      [
        `missing: ${interpreter.path} has neither pip nor venv, and there is no uv on the PATH (Debian: apt install python3-venv)`,
      ],
      2,
    );
  }
  const building = mkdtempSync(`${home}.`);
  const run = (python, args) =>
    runCommand(python, ['-m', ...args], { cwd: building, env: pipEnv(env), note, inherit: [lock] });
  try {
    let python = interpreter.path;
    if (!interpreter.pip) {
      await run(python, ['venv', join(building, 'venv')]);
      python = join(building, 'venv/bin/python');
    }
    const target = join(building, 'uv');
    await run(python, [
      ...['pip', 'install', '--quiet', '--target', target],
      ...['--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', fileURLToPath(locked)],
    ]);
    rmSync(home, { recursive: true, force: true });
    renameSync(target, home);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return program;
}

function pipEnv(env) {
  return {
    ...env,
    PIP_BREAK_SYSTEM_PACKAGES: '1',
    // A user-wide installation is what --target contradicts.
    PIP_USER: '0',
    PIP_REQUIRE_VIRTUALENV: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
  };
}
