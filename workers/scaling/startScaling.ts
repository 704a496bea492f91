import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { usageLocation } from '../../activities/usage/usageLocation.ts';
import { defaultPool } from '../../workflows/contracts/pool/messages.ts';
import { createPoolClient } from '../client/pool/createPoolClient.ts';
import { createUsageClient } from '../client/usage/createUsageClient.ts';
import { connectLazily } from '../pool/poolServer.ts';
import { poolsOf } from '../pool/poolsOf.ts';
import type { TemporalTarget } from '../temporal/connection.ts';
import { createClient } from '../temporal/createClient.ts';
import { createCommandScaler } from './commandScaler.ts';
import { createForecast } from './forecast.ts';
import { createLocalScaler, type DeviceWorkers } from './localScaler.ts';
import { openParkedDevices } from './parkedDevices.ts';
import { runScaling } from './runScaling.ts';
import type { Scaler } from './scaler.ts';

const patienceMs = 5_000;

export interface StartScalingDeps {
  config: BerthConfig;
  paths: Paths;
  env: NodeJS.ProcessEnv;
  devices: readonly DeviceRecord[];
  workers: DeviceWorkers;
  target: TemporalTarget;
  logger: Logger;
}

export interface Scaling {
  stop(): Promise<void>;
}

/**
 * Scales the first pool of BERTH_POOL as BERTH_SCALER says; without it, lends again what an earlier run
 * has taken out. The local scaler moves this host's CPU devices of that pool.
 */
export async function startScaling(deps: StartScalingDeps): Promise<Scaling | undefined> {
  const { config, paths, env, devices, workers, target, logger } = deps;
  const parked = await openParkedDevices(paths.parked);
  const { scaling } = config;
  if (scaling === undefined && parked.all().length === 0) return undefined;
  const connection = connectLazily(target);
  const client = createClient(connection, target.namespace);
  const name = config.pools[0]?.name ?? defaultPool;
  const pool = createPoolClient(async () => ({ client }), name);
  const own = poolsOf(devices, config.pools).pools.find((one) => one.name === name)?.devices ?? [];
  // Without a scaler all of the host's devices are to be there.
  const movable = scaling === undefined ? own : own.filter(({ kind }) => kind === 'cpu');
  const deviceIds = movable.map(({ deviceId }) => deviceId);
  const local = (): Scaler => createLocalScaler({ deviceIds, pool, workers, parked, logger });
  const scaler =
    scaling?.scaler.kind === 'command'
      ? createCommandScaler({ path: scaling.scaler.path, pool, parked, env, logger })
      : local();
  const { min, max } = scaling ?? { min: deviceIds.length, max: deviceIds.length };
  const atMost = scaler.name === 'local' ? Math.min(max, deviceIds.length) : max;
  const bounds = { min: Math.min(min, atMost), max: atMost };
  const usage = createUsageClient({
    location: usageLocation(config.usage, config.home),
    pool: name,
    describe: pool.describe,
    now: Date.now,
  });
  const stopped = new AbortController();
  const running = runScaling(
    {
      ...{ scaler, pool, bounds, logger, forecast: createForecast(usage) },
      startLow: scaler.name === 'local',
    },
    stopped.signal,
  );
  logger.info({ scaler: scaler.name, pool: name, ...bounds }, 'scaling');
  return {
    async stop() {
      stopped.abort();
      // A server that is away keeps no stack from going down.
      await Promise.race([running, delay(patienceMs, undefined, { ref: false })]);
      await connection.close();
    },
  };
}
