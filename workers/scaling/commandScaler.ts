import { execa } from 'execa';
import type { Logger } from '../../activities/platform/logging.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { PoolClient } from '../client/pool/poolClient.ts';
import { drainOrder, isEmpty, isLendable } from './drainOrder.ts';
import type { ParkedDevices } from './parkedDevices.ts';
import type { Scaler } from './scaler.ts';

export interface CommandScalerDeps {
  /** Program that is run, without a shell. */
  path: string;
  pool: Pick<PoolClient, 'describe' | 'drain' | 'undrain'>;
  parked: ParkedDevices;
  env: NodeJS.ProcessEnv;
  timeoutMs?: number;
  logger: Logger;
}

/**
 * Runs a program of the user's with the number of devices wanted, as its argument and in BERTH_WANTED;
 * BERTH_DRAINED lists, comma-separated, the devices that were drained and may go. It has to be quick
 * and idempotent: it is called again while the number is another.
 */
export function createCommandScaler(deps: CommandScalerDeps): Scaler {
  const { path, pool, parked, env, timeoutMs = 60_000, logger } = deps;

  async function run(count: number, drained: readonly string[]): Promise<void> {
    const result = await execa(path, [String(count)], {
      env: { ...env, BERTH_WANTED: String(count), BERTH_DRAINED: drained.join(',') },
      extendEnv: false,
      stdin: 'ignore',
      all: true,
      timeout: timeoutMs,
      maxBuffer: 64 * 1024,
      reject: false,
    });
    if (!result.failed) {
      logger.info({ count, drained }, 'the scaling command has run');
      return;
    }
    const end = result.timedOut
      ? `did not end within ${timeoutMs / 1000} s`
      : `ended with ${result.exitCode ?? result.signal ?? result.shortMessage}`;
    const said = (result.all ?? '').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    throw berthError(
      'StackUnavailable',
      `${path} ${count} ${end}${said === '' ? '' : `: ${said}`}; expected exit code 0 (see BERTH_SCALER)`,
    );
  }

  return {
    name: `command ${path}`,
    async current() {
      const { devices } = await pool.describe();
      return devices.filter((device) => isLendable(device) && !parked.has(device.deviceId)).length;
    },
    async scaleTo(count) {
      const { devices } = await pool.describe();
      const known = new Set(devices.map(({ deviceId }) => deviceId));
      for (const deviceId of parked.all()) {
        if (!known.has(deviceId)) await parked.remove(deviceId);
      }
      const active = devices.filter((device) => isLendable(device) && !parked.has(device.deviceId));
      const missing = Math.max(0, count - active.length);
      const back = devices
        .filter(({ deviceId, state }) => parked.has(deviceId) && state !== 'lapsed')
        .slice(0, missing);
      for (const { deviceId } of back) {
        await pool.undrain(deviceId);
        await parked.remove(deviceId);
      }
      // A pool that was started anew knows nothing of it.
      for (const { deviceId, state } of devices) {
        if (parked.has(deviceId) && isLendable({ state })) await pool.drain(deviceId);
      }
      const leaving = drainOrder(active).slice(0, Math.max(0, active.length - count));
      for (const { deviceId } of leaving) {
        await parked.add(deviceId);
        await pool.drain(deviceId);
      }
      const drained = devices.filter(({ deviceId }) => parked.has(deviceId));
      // What is held goes when its holder is done: the command hears of it then.
      const empty = drained.filter((device) => device.state === 'draining' && isEmpty(device));
      const stillThere = drained.length - empty.length;
      if (missing > back.length || empty.length > 0) {
        await run(
          count + stillThere,
          empty.map(({ deviceId }) => deviceId),
        );
      }
    },
  };
}
