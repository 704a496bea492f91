import type { Logger } from '../../activities/platform/logging.ts';
import type { DeviceDescription } from '../../workflows/contracts/pool/description.ts';
import type { PoolClient } from '../client/pool/poolClient.ts';
import { drainOrder, isEmpty, isLendable } from './drainOrder.ts';
import type { ParkedDevices } from './parkedDevices.ts';
import type { Scaler } from './scaler.ts';

/** The device workers of this stack. */
export interface DeviceWorkers {
  isThere(deviceId: string): boolean;
  /** Resolves when it serves. @throws BerthError StackUnavailable when it does not come up */
  start(deviceId: string): Promise<void>;
  /** Resolves when it has ended. */
  stop(deviceId: string): Promise<void>;
}

export interface LocalScalerDeps {
  /** Of this host, that may come and go. */
  deviceIds: readonly string[];
  pool: Pick<PoolClient, 'describe' | 'drain' | 'undrain'>;
  workers: DeviceWorkers;
  parked: ParkedDevices;
  logger: Logger;
}

/**
 * Starts and stops workers of this host's CPU devices. A device that goes stays known to the pool, as
 * draining: what only fits with it waits, instead of being refused as impossible.
 */
export function createLocalScaler(deps: LocalScalerDeps): Scaler {
  const { deviceIds, pool, workers, parked, logger } = deps;

  async function ownDevices(): Promise<DeviceDescription[]> {
    const { devices } = await pool.describe();
    return devices.filter(({ deviceId }) => deviceIds.includes(deviceId));
  }
  const isActive = (device: DeviceDescription): boolean =>
    !parked.has(device.deviceId) && isLendable(device);

  async function bring(deviceId: string): Promise<void> {
    await workers.start(deviceId);
    await pool.undrain(deviceId);
    await parked.remove(deviceId);
    logger.info({ deviceId }, 'device brought');
  }

  async function park(deviceId: string): Promise<void> {
    await parked.add(deviceId);
    await pool.drain(deviceId);
    logger.info({ deviceId }, 'device to be taken away');
  }

  return {
    name: 'local',
    async current() {
      return (await ownDevices()).filter(isActive).length;
    },
    async scaleTo(count) {
      const devices = await ownDevices();
      const active = devices.filter(isActive);
      const away = devices.filter(({ deviceId }) => parked.has(deviceId));
      // Those whose worker is still there come back at once.
      const returning = away
        .toSorted(
          (a, b) => Number(workers.isThere(b.deviceId)) - Number(workers.isThere(a.deviceId)),
        )
        .slice(0, Math.max(0, count - active.length));
      for (const { deviceId } of returning) await bring(deviceId);
      const leaving = drainOrder(active).slice(0, Math.max(0, active.length - count));
      for (const { deviceId } of leaving) await park(deviceId);
      for (const device of away) {
        const { deviceId, state } = device;
        if (!parked.has(deviceId)) continue;
        // A pool that was started anew knows nothing of it.
        if (state !== 'draining') await pool.drain(deviceId);
        else if (isEmpty(device) && workers.isThere(deviceId)) {
          await workers.stop(deviceId);
          logger.info({ deviceId }, 'device taken away');
        }
      }
    },
  };
}
