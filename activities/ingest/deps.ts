import type { Staging } from '../artifacts/staging/staging.ts';
import type { BerthConfig } from '../platform/config.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';

/** What the ingest activities of a host need. */
export interface IngestDeps {
  paths: Paths;
  config: Pick<BerthConfig, 'sources'>;
  staging: Pick<Staging, 'begin' | 'seal' | 'sealedFiles'>;
  logger: Logger;
}
