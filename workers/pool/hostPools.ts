import { randomBytes } from 'node:crypto';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import { toPoolDevice } from '../../activities/devices/poolDevice.ts';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import { defaultPoolConfig } from '../../workflows/contracts/pool/messages.ts';
import { readHostResources } from '../devices/hostResources.ts';
import type { TemporalTarget } from '../temporal/connection.ts';
import { createClient } from '../temporal/createClient.ts';
import type { HostWork } from './hostWork.ts';
import { createPoolLink, type PoolLink } from './poolLink.ts';
import { connectLazily, createPoolServer } from './poolServer.ts';
import { poolsOf } from './poolsOf.ts';

export interface HostPoolsDeps {
  hostId: string;
  devices: readonly DeviceRecord[];
  config: Pick<BerthConfig, 'pools' | 'poolTimes'>;
  target: TemporalTarget;
  work: HostWork;
  logger: Logger;
}

export interface HostPools {
  readonly links: readonly PoolLink[];
  start(): void;
  /** Nothing new is granted here from now on. */
  drain(): Promise<void>;
  /** The last reports; whatever runs under leases has been ended. */
  stop(): Promise<void>;
}

/** Links this host to the pools that its devices are lent from. */
export function createHostPools(deps: HostPoolsDeps): HostPools {
  const { hostId, config, target, work, logger } = deps;
  const connection = connectLazily(target);
  const client = createClient(connection, target.namespace);
  const generation = randomBytes(8).toString('hex');
  const { pools, unknown, unlent } = poolsOf(deps.devices, config.pools);
  if (unknown.length > 0) {
    logger.warn({ unknown }, 'BERTH_POOL names devices that this host does not have');
  }
  if (unlent.length > 0) logger.warn({ unlent }, 'devices that BERTH_POOL gives to no pool');
  const links = pools.map(({ name, devices }) =>
    createPoolLink({
      pool: name,
      hostId,
      generation,
      devices: devices.map((device) => toPoolDevice(device, hostId)),
      resources: readHostResources(),
      config: { ...defaultPoolConfig, ...config.poolTimes },
      server: createPoolServer({ client, pool: name, times: config.poolTimes }),
      work,
      logger,
    }),
  );

  return {
    links,
    start() {
      for (const link of links) link.start();
    },
    async drain() {
      await Promise.all(links.map((link) => link.drain()));
    },
    async stop() {
      await Promise.all(links.map((link) => link.stop()));
      await connection.close();
    },
  };
}
