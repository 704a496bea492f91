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
  /** Ends whatever runs. */
  close(): Promise<void>;
}

export interface LeasedBridgeDeps {
  fence: Fence;
  start: StartBridge;
}

export function createLeasedBridge({ fence, start }: LeasedBridgeDeps): LeasedBridge {
  const oneAtATime = pLimit(1);
  let current: { device: LeasedDevice; bridge: Bridge } | undefined;

  const stop = async () => {
    await current?.bridge.kill();
    current = undefined;
  };

  return {
    use: (lease) =>
      oneAtATime(async () => {
        const device = await fence.admit(lease);
        if (current?.device.epoch === device.epoch && current.bridge.usable) return current.bridge;
        await stop();
        current = { device, bridge: await start() };
        return current.bridge;
      }),
    clear: (lease) =>
      oneAtATime(async () => {
        const { epoch } = await fence.retire(lease);
        // A clearing that comes late must not end the next holder's work.
        if (current !== undefined && current.device.epoch <= epoch) await stop();
      }),
    close: () => oneAtATime(stop),
  };
}
