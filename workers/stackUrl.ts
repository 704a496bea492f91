import type { Paths } from '../activities/platform/paths.ts';
import type { StoreDeps } from '../activities/stores/openStore.ts';
import { readStackFile } from './supervisor/stackFile.ts';

/** Addresses of the stores that the stack of a BERTH_HOME runs, as its file has them now. */
export function createStackUrl(paths: Paths): StoreDeps['stackUrl'] {
  return async (kind) => {
    if (kind !== 'chroma') return null;
    return (await readStackFile(paths))?.chroma?.url ?? null;
  };
}
