import type { Logger } from '../../../activities/platform/logging.ts';
import type { Paths } from '../../../activities/platform/paths.ts';
import type { DeviceProvider } from '../deviceProvider.ts';
import type { DeviceSharing } from '../deviceSharing.ts';
import { createCpuSharing } from './cpuSharing.ts';
import { createHostCudaSharing } from './cudaSharing.ts';
import { createWholeSharing } from './wholeSharing.ts';

export interface SharingDeps {
  paths: Paths;
  env: NodeJS.ProcessEnv;
  logger: Logger;
}

/** How each kind of device lends itself to commands, one for each provider. */
export function deviceSharings(
  providers: readonly DeviceProvider[],
  deps: SharingDeps,
): DeviceSharing[] {
  return providers.map((provider) => {
    if (provider.kind === 'cpu') return createCpuSharing();
    if (provider.kind === 'cuda') return createHostCudaSharing({ ...deps, provider });
    return createWholeSharing(provider);
  });
}
