import pLimit from 'p-limit';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Lease, LeasedDevice } from '../../workflows/contracts/lease.ts';
import { readJson, writeJsonAtomic } from '../platform/atomicFile.ts';

const epoch = z.number().int().nonnegative();
const fenceStateSchema = z.object({ highestEpoch: epoch, liveEpochs: z.array(epoch) });
/** What a device remembers of the leases it served. */
export type FenceState = z.infer<typeof fenceStateSchema>;

export const openFence: FenceState = { highestEpoch: 0, liveEpochs: [] };

const leaseSchema = z.object({
  leaseId: z.string().min(1),
  pool: z.string(),
  team: z.string(),
  expiresAt: z.number(),
  devices: z.array(
    z.object({
      deviceId: z.string(),
      taskQueue: z.string(),
      hostId: z.string(),
      milli: z.number().int().min(1).max(1000),
      memoryMib: z.number().nonnegative(),
      epoch: z.number().int().positive(),
      liveEpochs: z.array(z.number().int().positive()),
    }),
  ),
});

/**
 * Keeps holders out whose lease was taken back (fencing token: Kleppmann, "How to do distributed
 * locking", 2016; Gray and Cheriton, "Leases", 1989). Durable: an epoch that was refused once stays
 * refused after a restart.
 */
export interface Fence {
  /**
   * Lets a lease work on this device.
   * @throws BerthError LeaseFenced when its epoch is over, or it expired before it ever began;
   *   InvalidRequest when it is malformed or names another device.
   */
  admit(lease: Lease): Promise<LeasedDevice>;
  /** The lease is given back: from now on its epoch is over. Idempotent. */
  retire(lease: Lease): Promise<LeasedDevice>;
}

export interface FenceDeps {
  path: string;
  deviceId: string;
  /** Milliseconds since the Unix epoch; default the system's clock. */
  now?(): number;
}

export function createFence({ path, deviceId, now = Date.now }: FenceDeps): Fence {
  // Deciding and remembering are one step.
  const oneAtATime = pLimit(1);
  const load = async () => (await readJson(path, fenceStateSchema)) ?? openFence;
  const store = async (before: FenceState, after: FenceState) => {
    if (after !== before) await writeJsonAtomic(path, after);
  };

  return {
    admit: (lease) =>
      oneAtATime(async () => {
        const device = deviceOf(lease, deviceId);
        const state = await load();
        const next = admitEpoch(state, device, lease.expiresAt <= now());
        if (next === undefined) throw fenced(lease, device, state);
        await store(state, next);
        return device;
      }),
    retire: (lease) =>
      oneAtATime(async () => {
        const device = deviceOf(lease, deviceId);
        const state = await load();
        await store(state, retireEpoch(state, device.epoch));
        return device;
      }),
  };
}

/**
 * The state in which the device may work for this lease; undefined when it may not. Expiry alone
 * does not end a live epoch: the holder may have been renewed since. Pure.
 */
export function admitEpoch(
  state: FenceState,
  { epoch, liveEpochs }: Pick<LeasedDevice, 'epoch' | 'liveEpochs'>,
  expired: boolean,
): FenceState | undefined {
  if (epoch <= state.highestEpoch) return state.liveEpochs.includes(epoch) ? state : undefined;
  if (expired) return undefined;
  return { highestEpoch: epoch, liveEpochs: [...new Set([...liveEpochs, epoch])] };
}

/** Pure. */
export function retireEpoch(state: FenceState, epoch: number): FenceState {
  if (epoch > state.highestEpoch) return { highestEpoch: epoch, liveEpochs: [] };
  if (!state.liveEpochs.includes(epoch)) return state;
  return { ...state, liveEpochs: state.liveEpochs.filter((live) => live !== epoch) };
}

function deviceOf(lease: Lease, deviceId: string): LeasedDevice {
  const parsed = leaseSchema.safeParse(lease);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw berthError('InvalidRequest', `lease: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const device = parsed.data.devices.find((leased) => leased.deviceId === deviceId);
  if (device !== undefined) return device;
  throw berthError(
    'InvalidRequest',
    `lease ${lease.leaseId}: does not name device ${deviceId}, whose worker it was sent to`,
  );
}

function fenced(lease: Lease, { epoch }: LeasedDevice, state: FenceState): Error {
  const live = state.liveEpochs.join(', ') || 'none';
  const why =
    epoch > state.highestEpoch
      ? 'it expired before it began'
      : `its epoch ${epoch} is over (highest ${state.highestEpoch}, live ${live})`;
  return berthError('LeaseFenced', `lease ${lease.leaseId}: ${why}; acquire a new lease`);
}
