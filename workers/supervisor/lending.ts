import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { defaultPoolConfig } from '../../workflows/contracts/pool/messages.ts';
import { listenForRunners } from '../commands/commandServer.ts';
import { createHoldStore } from '../commands/holdRecord.ts';
import { createHolds } from '../commands/holds.ts';
import type { LendableDevice } from '../commands/shares.ts';
import { watchCommands } from '../commands/watchCommands.ts';
import type { DeviceProvider } from '../devices/deviceProvider.ts';
import type { DeviceSharing } from '../devices/deviceSharing.ts';
import { openDeviceFence } from '../devices/openDeviceFence.ts';
import { createDeviceWork } from '../pool/deviceWork.ts';
import { endHold } from '../pool/endHold.ts';
import { createHostPools } from '../pool/hostPools.ts';
import { createLeasedCommands } from '../pool/leasedCommands.ts';
import { pause } from '../pool/retrying.ts';
import type { TemporalTarget } from '../temporal/connection.ts';
import { watchUse } from '../usage/watchUse.ts';
import type { DeviceControl } from './deviceControl.ts';

export interface LendingDeps {
  config: BerthConfig;
  paths: Paths;
  hostId: string;
  devices: readonly DeviceRecord[];
  /** Of the workers that serve the devices, by deviceId. */
  controls: ReadonlyMap<string, DeviceControl>;
  /** One a kind of device. */
  sharings: readonly DeviceSharing[];
  /** Of the kinds whose use is recorded. */
  providers?: readonly DeviceProvider[];
  target: TemporalTarget;
  logger: Logger;
  resumeMs?: number;
}

export interface Lending {
  /** Where `berth run` connects. */
  readonly commandSocket: string;
  /** Has nothing new granted here, and ends the commands that run. */
  drain(): Promise<void>;
  /** Tells the pools for the last time what still runs here; after `drain`, and after the workers' end. */
  close(): Promise<void>;
  /** Ends commands at once; `drain` is then quick. */
  kill(): void;
}

/** A command that a signal does not end must not keep a stack from going down, ms. */
const patienceMs = 10_000;
/** Between looks whether a request's commands have ended, ms. */
const lookMs = 200;

/** Lends this host's devices through its pools, once its workers serve. */
export async function startLending(deps: LendingDeps): Promise<Lending> {
  const { config, paths, hostId, devices, controls, sharings, target, logger } = deps;
  const times = { ...defaultPoolConfig, ...config.poolTimes };
  const graceMs = Math.min(times.graceMs, patienceMs);
  const lendable = new Map<string, LendableDevice>();
  for (const record of devices) {
    const sharing = sharings.find(({ kind }) => kind === record.kind);
    const fence = openDeviceFence(paths, record.deviceId);
    if (sharing !== undefined) lendable.set(record.deviceId, { record, fence, sharing });
  }
  const deviceWork = createDeviceWork(
    [...lendable.values()].map(({ record: { deviceId }, fence }) => ({
      deviceId,
      fence,
      control: controls.get(deviceId),
    })),
  );
  const stopped = new AbortController();
  const leased = createLeasedCommands({
    paths,
    devices: lendable,
    deviceWork,
    times,
    links: () => pools.links,
    stopped: stopped.signal,
    resumeMs: deps.resumeMs,
    logger,
  });
  const { commands, work } = leased;
  const pools = createHostPools({ hostId, devices, config, target, work, logger });
  const holds = createHolds({
    store: createHoldStore(paths.holds, logger),
    resumeMs: deps.resumeMs,
    async commandsEnded(requestId) {
      const runs = () => commands.all().some(({ record }) => record.requestId === requestId);
      while (runs() && !stopped.signal.aborted) await pause(lookMs, stopped.signal);
    },
    finish: (hold) => endHold(pools.links, hold, logger),
    stopped: stopped.signal,
    logger,
  });
  await commands.reload();
  await holds.reload();
  const serve = { commands, holds, graceMs, logger };
  const server = await listenForRunners(paths.commandSocket, serve);
  pools.start();
  const { providers = [] } = deps;
  const watching = Promise.all([
    watchCommands({ commands, ...leased.tell, logger }, stopped.signal),
    watchUse(
      { config, hostId, devices, providers, links: pools.links, commands, logger },
      stopped.signal,
    ),
  ]);

  return {
    commandSocket: server.path,
    async drain() {
      await pools.drain();
      const late = new AbortController();
      await Promise.race([
        commands.drain(graceMs),
        delay(graceMs + patienceMs, undefined, { signal: late.signal }).catch(() => undefined),
      ]);
      late.abort();
      holds.close();
      await server.close();
    },
    async close() {
      stopped.abort();
      // A database that does not answer keeps no stack from going down.
      await Promise.race([watching, delay(patienceMs, undefined, { ref: false })]);
      await pools.stop();
      await Promise.all(sharings.map((sharing) => sharing.close()));
    },
    kill() {
      void commands.drain(0);
    },
  };
}
