import { createLeaseActivities, type LeaseDeps } from './devices/leaseActivities.ts';

/** Everything that a host worker needs from its process. */
export type HostDeps = LeaseDeps;

/** Activities of the host worker. */
export function createHostActivities(deps: HostDeps) {
  return { ...createLeaseActivities(deps) };
}
