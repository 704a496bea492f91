import type { BerthConfig } from '../platform/config.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import { createCatalogue } from './catalogue/catalogue.ts';
import { createKeyfileProvider } from './keys/keyfileProvider.ts';
import type { KeyProvider } from './keys/keyProvider.ts';
import { loadSigningKey } from './signing/signingKey.ts';
import { createTrust } from './signing/trust.ts';
import { createCandidates } from './staging/candidate.ts';
import { createStaging } from './staging/staging.ts';
import { createLocalStore } from './store/localStore.ts';
import { createSeenTags } from './tags/seenTags.ts';
import { createTags } from './tags/tags.ts';
import { createWarmCopies } from './warm/warmCopies.ts';

export interface ArtifactsDeps {
  paths: Paths;
  config: Pick<BerthConfig, 'shmBudget'>;
  logger: Logger;
  /** Default 60 s. */
  minimumResidencyMs?: number;
}

/** The parts of the artifact store of this host, wired. */
export function createArtifacts({ paths, config, logger, minimumResidencyMs }: ArtifactsDeps) {
  const store = createLocalStore(paths);
  const trust = createTrust(paths.trust);
  const seen = createSeenTags(paths.seenTags);
  const loadKey = () => loadSigningKey(paths.keys, trust);
  const tags = createTags({ store, trust, seen, loadKey });
  const catalogue = createCatalogue({ store, trust, tags });
  const isEmpty = async () => (await store.wraps.list()).length === 0;
  const keyProviders: KeyProvider[] = [createKeyfileProvider(paths.keys, isEmpty)];
  const staging = createStaging({ paths, keyProviders });
  const warmCopies = createWarmCopies({
    paths,
    budget: config.shmBudget,
    logger,
    minimumResidencyMs,
  });
  const candidates = createCandidates({ paths, staging, makeRoom: warmCopies.makeRoom });
  return {
    paths,
    logger,
    store,
    trust,
    seen,
    loadKey,
    tags,
    catalogue,
    keyProviders,
    staging,
    warmCopies,
    candidates,
  };
}

export type Artifacts = ReturnType<typeof createArtifacts>;
