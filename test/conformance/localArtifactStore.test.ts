import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createLocalStore } from '../../activities/artifacts/store/localStore.ts';
import { createPaths } from '../../activities/platform/paths.ts';
import { artifactStoreConformance } from './artifactStore.ts';

artifactStoreConformance('local files', async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-store-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const paths = createPaths(home, '/dev/shm/unused');
  return { store: createLocalStore(paths), other: createLocalStore(paths) };
});
