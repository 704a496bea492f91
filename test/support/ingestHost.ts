import { join } from 'node:path';
import { pino } from 'pino';
import { createKeyfileProvider } from '../../activities/artifacts/keys/keyfileProvider.ts';
import { createStaging } from '../../activities/artifacts/staging/staging.ts';
import { createIngestActivities } from '../../activities/ingest/ingestActivities.ts';
import { createPaths } from '../../activities/platform/paths.ts';
import type { IngestRequest } from '../../workflows/contracts/ingest.ts';
import { folderForTest } from './modelFolder.ts';

/** The ingest activities over real staging, keys and shared memory, in folders of their own. */
export async function ingestHost(options: { sources?: string[]; shm?: string } = {}) {
  const home = await folderForTest();
  const shm = options.shm ?? (await folderForTest('/dev/shm'));
  const paths = createPaths(home, shm);
  const staging = createStaging({
    paths,
    keyProviders: [createKeyfileProvider(join(home, 'keys'))],
  });
  const activities = createIngestActivities({
    paths,
    staging,
    config: { sources: options.sources ?? [] },
    logger: pino({ level: 'silent' }),
  });
  return { home, shm, paths, staging, activities };
}

export function ingestRequest(source: string, more: Partial<IngestRequest> = {}): IngestRequest {
  return {
    source,
    name: 'tiny',
    tag: 'latest',
    quantize: 'none',
    doubleQuant: false,
    shardBytes: 512 * 2 ** 20,
    gate: {},
    strict: false,
    ...more,
  };
}
