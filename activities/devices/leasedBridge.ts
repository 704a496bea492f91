import pLimit from 'p-limit';
import type { Lease, LeasedDevice } from '../../workflows/contracts/lease.ts';
import type { Bridge, StartBridge } from './bridge.ts';
import type { Fence } from './fence.ts';

/** The one bridge of a device: it lives as long as the lease that it serves. */
export interface LeasedBridge {
  /** The lease's bridge, started at its first use or after a failure. @throws BerthError LeaseFenced, BridgeFailed */
  use(lease: Lease): Promise<Bridge>;
  /** Ends the lease and its bridge; resolves once that has exited. Leaves a later lease's alone. */
  clear(lease: Lease): Promise<void>;
  /** As `clear`, by epoch, for a holder that will not clear any more. */
  end(epoch: number): Promise<void>;
  /** Ends whatever runs. */
  close(): Promise<void>;
}

export interface LeasedBridgeDeps {
  fence: Fence;
  start: StartBridge;
  /** Told the epoch whose bridge runs, and null once it has exited. */
  onEpoch?(epoch: number | null): void;
}

export function createLeasedBridge({ fence, start, onEpoch }: LeasedBridgeDeps): LeasedBridge {
  const oneAtATime = pLimit(1);
  let current: { device: LeasedDevice; bridge: Bridge } | undefined;

  /** While it starts there is something to end already. */
  let starting: number | null = null;

  const report = () =>
    onEpoch?.(starting ?? (current?.bridge.usable ? current.device.epoch : null));

  const stop = async () => {
    await current?.bridge.kill();
    current = undefined;
    report();
  };

  /** A clearing that comes late must not end the next holder's work. */
  const stopUpTo = async (epoch: number) => {
    if (current !== undefined && current.device.epoch <= epoch) await stop();
  };

  return {
    use: (lease) =>
      oneAtATime(async () => {
        const device = await fence.admit(lease);
        if (current?.device.epoch === device.epoch && current.bridge.usable) return current.bridge;
        await stop();
        starting = device.epoch;
        report();
        try {
          const bridge = await start();
          current = { device, bridge };
          void bridge.exited.then(report);
          return bridge;
        } finally {
          starting = null;
          report();
        }
      }),
    clear: (lease) =>
      oneAtATime(async () => {
        const { epoch } = await fence.retire(lease);
        await stopUpTo(epoch);
      }),
    end: (epoch) =>
      oneAtATime(async () => {
        await fence.retireEpoch(epoch);
        await stopUpTo(epoch);
      }),
    close: () => oneAtATime(stop),
  };
}
