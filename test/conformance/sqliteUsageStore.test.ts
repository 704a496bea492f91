import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openUsageStore } from '../../activities/usage/openUsageStore.ts';
import { usageStoreConformance } from './usageStore.ts';

usageStoreConformance('sqlite', async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-usage-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const path = join(home, 'a folder', 'usage.db');
  return { open: () => openUsageStore({ kind: 'sqlite', path }) };
});
