import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import { openUsageStore } from '../../activities/usage/openUsageStore.ts';
import { usageLocation } from '../../activities/usage/usageLocation.ts';
import type { UsageStore } from '../../activities/usage/usageStore.ts';
import type { Commands } from '../commands/commands.ts';
import type { DeviceProvider } from '../devices/deviceProvider.ts';
import type { PoolLink } from '../pool/poolLink.ts';
import { sampleLeases } from './sampleLeases.ts';

export interface WatchUseDeps {
  config: Pick<BerthConfig, 'home' | 'usage'>;
  hostId: string;
  devices: readonly DeviceRecord[];
  providers: readonly DeviceProvider[];
  links: readonly Pick<PoolLink, 'server'>[];
  commands: Pick<Commands, 'find'>;
  everyMs?: number;
  logger: Logger;
}

/** Records how busy this host's devices are while they are leased. Resolves when `signal` aborts. */
export async function watchUse(deps: WatchUseDeps, signal: AbortSignal): Promise<void> {
  const { config, hostId, providers, links, commands, everyMs, logger } = deps;
  const records = new Map(deps.devices.map((record) => [record.deviceId, record]));
  const location = usageLocation(config.usage, config.home);
  let store: UsageStore | undefined;
  await sampleLeases(
    {
      everyMs,
      logger,
      async leases() {
        const views = await Promise.all(links.map(({ server }) => server.view(hostId)));
        return views
          .flatMap((view) => view.leases)
          .map(({ leaseId, devices }) => ({
            leaseId,
            deviceIds: devices.map(({ deviceId }) => deviceId).filter((id) => records.has(id)),
          }));
      },
      async sample(deviceId) {
        const record = records.get(deviceId);
        const provider = providers.find(({ kind }) => kind === record?.kind);
        if (record === undefined || provider === undefined) throw new Error(`no ${deviceId} here`);
        return provider.sample(record);
      },
      async usedMib(leaseId, deviceId) {
        const command = commands.find(leaseId);
        if (command === undefined) return null;
        const pids = command.processes.near().map(({ pid }) => pid);
        return command.shares.usedMib(deviceId, pids);
      },
      async record(uses) {
        store ??= await openUsageStore(location);
        await store.recordUse(uses);
      },
    },
    signal,
  );
  await store?.close();
}
