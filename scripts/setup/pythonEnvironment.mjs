import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { lockedEnvironment } from './lockedEnvironment.mjs';
import { readJson, writeJson } from './state.mjs';

const importing = 'importing torch, bitsandbytes and transformers';

/**
 * The Python environment of the bridge, or the interpreter of BERTH_PYTHON. Where it lies is
 * recorded in `.setup/python.json`, which activities/platform/python.ts reads.
 */
export function pythonEnvironment({ root, cache, env, interpreter }) {
  const requirements = join(root, 'native/bridge/requirements.txt');
  const check = join(root, 'native/bridge/check_environment.py');
  const record = join(root, '.setup/python.json');
  const given = env.BERTH_PYTHON || null;
  const locked = lockedEnvironment({ cache, env, folder: 'python', requirements, interpreter });

  async function register(python, flags, environment, options) {
    const output = await runCommand(python, [check, ...flags], options);
    // Last line: a library may greet on stdout while it is imported.
    const places = JSON.parse(output.split('\n').at(-1));
    writeJson(record, { ...places, environment, given, lock: locked.lockHash() });
  }

  return {
    name: given ? `Python packages of ${given}` : 'Python environment',
    needs: given ? [] : ['disk'],
    due() {
      const known = readJson(record);
      if (known?.lock !== locked.lockHash() || known.given !== given) return true;
      if (!existsSync(known.python)) return true;
      return given === null && !locked.isComplete(known.environment);
    },
    async run(note, lock) {
      if (given) {
        note(importing);
        return register(interpreter().found.path, ['--import'], null, { env, inherit: [lock] });
      }
      const verify = (python, options) => {
        note(importing);
        return runCommand(python, [check, '--import'], options);
      };
      const { environment, others } = await locked.ensure(verify, note);
      const python = join(environment, 'bin/python');
      await register(python, [], environment, { env, note, inherit: [lock] });
      return others === 0
        ? undefined
        : `${others} other Python environment(s) in ${join(cache, 'python')}: remove those that no checkout uses`;
    },
  };
}
