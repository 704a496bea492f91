import type { HostActivities } from '../../workflows/contracts/activities.ts';
import { openUsageStore } from './openUsageStore.ts';
import { usageLocation } from './usageLocation.ts';
import type { UsageStore } from './usageStore.ts';

export interface UsageDeps {
  config: { home: string; usage: string | undefined };
}

/** Keeps ended leases in the database that BERTH_USAGE names; opened at the first batch. */
export function createUsageActivities({ config }: UsageDeps): Pick<HostActivities, 'recordUsage'> {
  const location = usageLocation(config.usage, config.home);
  let opening: Promise<UsageStore> | undefined;

  return {
    async recordUsage(records) {
      // A database that was away is tried again by the next attempt.
      opening ??= openUsageStore(location).catch((error) => {
        opening = undefined;
        throw error;
      });
      await (await opening).record(records);
    },
  };
}
