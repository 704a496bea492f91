import type { Fence } from '../../activities/devices/fence.ts';
import type { DeviceControl } from '../supervisor/deviceControl.ts';
import type { Epoch } from './epochKey.ts';

/** One device of this host: what keeps leases out of it, and the worker that serves it. */
export interface ControlledDevice {
  deviceId: string;
  fence: Fence;
  /** Undefined where no worker serves the device. */
  control: DeviceControl | undefined;
}

export type DeviceWork = ReturnType<typeof createDeviceWork>;

/** What device workers do under leases, and its end. */
export function createDeviceWork(devices: readonly ControlledDevice[]) {
  const byId = new Map(devices.map((device) => [device.deviceId, device]));
  return {
    working: (): Epoch[] =>
      devices.flatMap(({ deviceId, control }) =>
        (control?.working() ?? []).map((epoch) => ({ deviceId, epoch })),
      ),
    /** Epochs that the fences let in. */
    async live(): Promise<Epoch[]> {
      const found = await Promise.all(
        devices.map(async ({ deviceId, fence }) =>
          (await fence.state()).liveEpochs.map((epoch) => ({ deviceId, epoch })),
        ),
      );
      return found.flat();
    },
    /** Highest epoch that each fence has seen. */
    async epochs(): Promise<Record<string, number>> {
      const found = await Promise.all(
        devices.map(async ({ deviceId, fence }) => {
          const { highestEpoch, retiredEpochs } = await fence.state();
          return [deviceId, Math.max(highestEpoch, ...retiredEpochs)] as const;
        }),
      );
      return Object.fromEntries(found);
    },
    /** Closes the fence first: what is being ended must not begin again. */
    async end(epochs: readonly Epoch[]): Promise<void> {
      await Promise.all(
        epochs.map(async ({ deviceId, epoch }) => {
          const device = byId.get(deviceId);
          if (device === undefined) return;
          await device.fence.retireEpoch(epoch);
          await device.control?.end(epoch);
        }),
      );
    },
  };
}
