import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import { createCpuProvider } from './cpuProvider.ts';
import { createCudaProvider } from './cudaProvider.ts';
import type { DeviceProvider } from './deviceProvider.ts';

/** Every kind of device that Berth knows, in the order in which devices are lent. */
export function deviceProviders(
  hostId: string,
  config: BerthConfig,
  logger: Logger,
  env: NodeJS.ProcessEnv = process.env,
): DeviceProvider[] {
  return [
    createCudaProvider({ logger, env }),
    createCpuProvider({ hostId, coreSets: config.devices }),
  ];
}

/** @throws BerthError InvalidRequest for BERTH_DEVICES that this host cannot offer */
export async function discoverDevices(
  providers: readonly DeviceProvider[],
): Promise<{ record: DeviceRecord; provider: DeviceProvider }[]> {
  const found = await Promise.all(
    providers.map(async (provider) =>
      (await provider.discover()).map((record) => ({ record, provider })),
    ),
  );
  return found.flat();
}
