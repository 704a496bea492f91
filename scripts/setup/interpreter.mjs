import { spawnSync } from 'node:child_process';

const oldest = [3, 11];
// The newest Python that every locked package has a wheel for.
const newest = [3, 14];
const candidates = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];

const probe = `
import importlib.util, json, platform, sys
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({"path": sys.executable, "version": list(sys.version_info[:3]),
  "machine": platform.machine(), "pip": has("pip"), "venv": has("venv") and has("ensurepip")}))
`;

/**
 * @typedef {object} Interpreter
 * @property {string} path
 * @property {number[]} version major, minor, patch
 * @property {string} machine as uname says it
 * @property {boolean} pip whether it can import pip
 * @property {boolean} venv whether it can make a virtual environment that holds pip
 */

/** @returns {Interpreter | undefined} undefined when the command does not run as a Python 3 */
export function probeInterpreter(command, env) {
  const result = spawnSync(command, ['-c', probe], { env, encoding: 'utf8' });
  if (result.status !== 0) return undefined;
  try {
    return JSON.parse(result.stdout);
  } catch {
    return undefined;
  }
}

/** The Pythons that the locked requirements install on. */
export const supportedPython = `${oldest.join('.')} to ${newest.join('.')}`;

/** @param {Interpreter} interpreter */
export function isSupported({ version: [major, minor] }) {
  return major === 3 && minor >= oldest[1] && minor <= newest[1];
}

/**
 * The interpreter to build with: BERTH_PYTHON, else the first supported one on the PATH.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{found: Interpreter | undefined, tried: string}} `tried` says what was seen
 */
export function findInterpreter(env) {
  const seen = [];
  for (const command of env.BERTH_PYTHON ? [env.BERTH_PYTHON] : candidates) {
    const interpreter = probeInterpreter(command, env);
    if (interpreter && isSupported(interpreter)) return { found: interpreter, tried: '' };
    if (interpreter) seen.push(`${command} is ${interpreter.version.join('.')}`);
  }
  const none = env.BERTH_PYTHON ? `BERTH_PYTHON=${env.BERTH_PYTHON} does not run` : 'none found';
  return { found: undefined, tried: seen.join(', ') || none };
}
