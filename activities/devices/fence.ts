import pLimit from 'p-limit';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Lease, LeasedDevice } from '../../workflows/contracts/lease.ts';
import { readJson, writeJsonAtomic } from '../platform/atomicFile.ts';

const epoch = z.number().int().nonnegative();
const fenceStateSchema = z.object({
  /** Highest epoch that was ever let in, or was given back and follows such a one. */
  highestEpoch: epoch,
  liveEpochs: z.array(epoch),
  /** Epochs above the highest that were given back before they began. */
  retiredEpochs: z.array(epoch).default([]),
});
/** What a device remembers of the leases it served. */
export type FenceState = z.infer<typeof fenceStateSchema>;

export const openFence: FenceState = { highestEpoch: 0, liveEpochs: [], retiredEpochs: [] };

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
  /** As `retire`, by whoever knows no more than the epoch. */
  retireEpoch(epoch: number): Promise<void>;
  state(): Promise<FenceState>;
}

/** Runs one at a time what is given to it, over all processes that share the file. */
export type Exclusive = <T>(run: () => Promise<T>) => Promise<T>;

export interface FenceDeps {
  path: string;
  deviceId: string;
  /** Milliseconds since the Unix epoch; default the system's clock. */
  now?(): number;
  /** Default: against callers of this fence in this process only. */
  exclusive?: Exclusive;
}

export function createFence({ path, deviceId, now = Date.now, exclusive }: FenceDeps): Fence {
  // Deciding and remembering are one step.
  const oneAtATime: Exclusive = exclusive ?? pLimit(1);
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
    retireEpoch: (epoch) =>
      oneAtATime(async () => {
        const state = await load();
        await store(state, retireEpoch(state, epoch));
      }),
    // Written whole or not at all, so reading needs no turn.
    state: load,
  };
}

/**
 * The state in which the device may work for this lease; undefined when it may not. Expiry alone
 * does not end a live epoch: the holder may have been renewed since. The grant says who else was live
 * when it was made; who has been retired here since then stays retired. Pure.
 */
export function admitEpoch(
  state: FenceState,
  { epoch, liveEpochs }: Pick<LeasedDevice, 'epoch' | 'liveEpochs'>,
  expired: boolean,
): FenceState | undefined {
  const { highestEpoch, retiredEpochs } = state;
  if (epoch <= highestEpoch) return state.liveEpochs.includes(epoch) ? state : undefined;
  if (expired || retiredEpochs.includes(epoch)) return undefined;
  const isLive = (other: number): boolean =>
    other <= highestEpoch
      ? state.liveEpochs.includes(other)
      : other < epoch && !retiredEpochs.includes(other);
  return {
    highestEpoch: epoch,
    liveEpochs: [...new Set([...liveEpochs.filter(isLive), epoch])],
    retiredEpochs: retiredEpochs.filter((retired) => retired > epoch),
  };
}

/** Pure. */
export function retireEpoch(state: FenceState, epoch: number): FenceState {
  if (epoch > state.highestEpoch) {
    if (state.retiredEpochs.includes(epoch)) return state;
    return closeRanks({ ...state, retiredEpochs: [...state.retiredEpochs, epoch] });
  }
  if (!state.liveEpochs.includes(epoch)) return state;
  return { ...state, liveEpochs: state.liveEpochs.filter((live) => live !== epoch) };
}

/** Retired epochs next to the highest need no list: what is not live up to there is refused anyway. */
function closeRanks(state: FenceState): FenceState {
  let { highestEpoch } = state;
  while (state.retiredEpochs.includes(highestEpoch + 1)) highestEpoch += 1;
  const retiredEpochs = state.retiredEpochs.filter((retired) => retired > highestEpoch);
  return { ...state, highestEpoch, retiredEpochs };
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
