import pLimit from 'p-limit';
import { z } from 'zod';
import type { HostActivities } from '../../workflows/contracts/activities.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Lease, LeaseHolder, LeaseSpec } from '../../workflows/contracts/lease.ts';
import { readJson, writeJsonAtomic } from '../platform/atomicFile.ts';
import type { Paths } from '../platform/paths.ts';
import { deviceLastActive } from './deviceActivity.ts';
import {
  type AllocatorState,
  emptyState,
  grantLease,
  type LendableDevice,
  reclaimLeases,
  releaseLease,
} from './staticAllocator.ts';

const stateSchema = z.object({
  epochs: z.record(z.string(), z.number().int().nonnegative()),
  leases: z.array(
    z.object({
      leaseId: z.string(),
      team: z.string(),
      holder: z.object({ workflowId: z.string(), runId: z.string() }),
      grantedAt: z.number(),
      expiresAt: z.number(),
      devices: z.array(z.object({ deviceId: z.string(), epoch: z.number().int() })),
    }),
  ),
});

const specSchema = z.object({
  requestId: z.string().min(1),
  team: z.string(),
  devices: z.number().int().positive(),
  hostId: z.string(),
});

export interface LeaseDeps {
  paths: Paths;
  /** Devices of this host, in the order in which they are lent. */
  devices(): Promise<readonly LendableDevice[]>;
  /** Whether the workflow run that holds a lease is still open; unsure counts as open. */
  isHolderOpen(holder: LeaseHolder): Promise<boolean>;
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/**
 * The static local allocator: lends the host's devices, whole, first come first served. Its state is
 * one file; only the host worker writes it.
 */
export function createLeaseActivities(
  deps: LeaseDeps,
): Pick<HostActivities, 'acquireLease' | 'releaseLease'> {
  const { paths } = deps;
  // Reading, deciding and writing are one step: two requests must not see the same free device.
  const oneAtATime = pLimit(1);

  const load = async (): Promise<AllocatorState> =>
    (await readJson(paths.leases, stateSchema)) ?? emptyState;

  return {
    acquireLease: (spec, holder) => oneAtATime(() => acquire(spec, holder)),

    releaseLease: (lease) =>
      oneAtATime(async () => {
        const state = await load();
        const released = releaseLease(state, lease.leaseId);
        if (released.leases.length < state.leases.length) {
          await writeJsonAtomic(paths.leases, released);
        }
      }),
  };

  /** @throws BerthError NoDeviceFree (retried), NoSuchDevice, InvalidRequest */
  async function acquire(spec: LeaseSpec, holder: LeaseHolder): Promise<Lease> {
    const parsed = specSchema.safeParse(spec);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw berthError(
        'InvalidRequest',
        `lease request: ${issue?.path.join('.')}: ${issue?.message}`,
      );
    }
    const devices = await deps.devices();
    const state = await reclaim(await load());
    const grant = grantLease(state, devices, spec, holder, deps.now());
    if (grant.outcome === 'impossible') {
      throw berthError(
        'NoSuchDevice',
        `devices wanted: ${spec.devices}; host ${spec.hostId} has ${grant.devices}: see berth devices`,
      );
    }
    if (grant.outcome === 'busy') {
      const holders = state.leases.map((lease) => lease.holder.workflowId).join(', ');
      throw berthError(
        'NoDeviceFree',
        `devices wanted: ${spec.devices}, free: ${grant.free} of ${devices.length}; held by ${holders}`,
      );
    }
    await writeJsonAtomic(paths.leases, grant.state);
    return grant.lease;
  }

  async function reclaim(state: AllocatorState): Promise<AllocatorState> {
    const deviceIds = state.leases.flatMap((lease) => lease.devices.map((d) => d.deviceId));
    const lastActive = Object.fromEntries(
      await Promise.all(
        deviceIds.map(async (id) => [id, await deviceLastActive(paths, id)] as const),
      ),
    );
    const closed = new Set<string>();
    await Promise.all(
      state.leases.map(async ({ leaseId, holder }) => {
        if (!(await deps.isHolderOpen(holder))) closed.add(leaseId);
      }),
    );
    return reclaimLeases(state, deps.now(), lastActive, ({ leaseId }) => closed.has(leaseId));
  }
}
