import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * What every checkout of this user shares. The XDG base directory specification has relative values
 * ignored.
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env) {
  const given = env.XDG_CACHE_HOME ?? '';
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'berth');
}
