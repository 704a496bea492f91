import { readConfig } from '../../activities/platform/config.ts';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';

/** @throws BerthError InvalidRequest when a BERTH_* variable is malformed */
export function pathsOf(env: NodeJS.ProcessEnv): Paths {
  const config = readConfig(env);
  return createPaths(config.home, config.shm);
}
