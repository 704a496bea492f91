import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../../activities/artifacts/plaintext/folder.ts';
import type { Paths } from '../../../activities/platform/paths.ts';
import { type Berth, connect } from '../../../workers/client/index.ts';
import { startStack } from '../../../workers/supervisor/stack.ts';
import type { StackFile } from '../../../workers/supervisor/stackFile.ts';
import type { Tidy } from './tidily.ts';

export interface OwnStack {
  berth: Berth;
  stack: StackFile;
  paths: Paths;
  /** On the disk of the store, for whatever else the benchmark writes. */
  home: string;
  /** The same in shared memory. */
  shm: string;
}

/**
 * A whole stack in folders of its own, which are removed with it.
 * @param more variables of its environment
 */
export async function startOwnStack(
  { store, shm, more = {} }: { store: string; shm: string; more?: NodeJS.ProcessEnv },
  tidy: Tidy,
): Promise<OwnStack> {
  const folders = { home: await mkdtemp(join(store, 'berth-bench-')), shm: '' };
  tidy(() => rm(folders.home, { recursive: true, force: true }));
  folders.shm = await mkdtemp(join(shm, 'berth-bench-'));
  // Warm copies are read-only, folders included.
  tidy(() => removeTree(folders.shm));
  const own = { BERTH_HOME: folders.home, BERTH_SHM: folders.shm };
  const env = { ...ownEnvironment(), ...more, ...own };
  const { stack, paths, stop } = await startStack({ detach: false, env });
  tidy(stop);
  const berth = await connect({ env });
  tidy(() => berth.close());
  return { berth, stack, paths, ...folders };
}

/** Without what names a server of somebody else's, or narrows what is tested. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(TEMPORAL_.*|BERTH_(SOURCES|METRICS|SHM_BUDGET|EMBEDDING_CACHE))$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
