import pLimit, { type LimitFunction } from 'p-limit';
import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { commandsOf } from './mpsClients.ts';
import { closeMpsDaemon, listClients, type MpsDaemon, type MpsDaemonDeps } from './mpsDaemon.ts';
import { mendMpsDaemon } from './mpsFaults.ts';
import { takeOverLeftovers } from './mpsLeftovers.ts';

/** The daemons of a host, at most one a GPU. */
export interface MpsDaemons {
  /** Resolves once leftovers of an earlier supervisor are quit or taken over. */
  readonly recovered: Promise<void>;
  of(device: DeviceRecord): MpsDaemon | undefined;
  add(daemon: MpsDaemon): void;
  /** One change of a GPU at a time. */
  inTurn<T>(deviceId: string, work: () => Promise<T>): Promise<T>;
  /** Ends the daemon when it serves neither lease nor client. */
  endIfIdle(daemon: MpsDaemon): Promise<boolean>;
  /** @throws BerthError NoDeviceFree when it serves somebody */
  endUnlessBusy(device: DeviceRecord, daemon: MpsDaemon, wanted: string): Promise<void>;
  closed(): boolean;
  close(): Promise<void>;
}

/** Looks at every daemon each `limits.watchMs`: mends what is in trouble, ends what is idle. */
export function createMpsDaemons(deps: MpsDaemonDeps): MpsDaemons {
  const { logger, limits } = deps;
  const daemons = new Map<string, MpsDaemon>();
  const turns = new Map<string, LimitFunction>();
  let closed = false;

  const recovered = takeOverLeftovers(deps)
    .then((left) => {
      for (const daemon of left) daemons.set(daemon.record.deviceId, daemon);
    })
    .catch((error) => logger.error({ error: String(error) }, 'leftover MPS could not be ended'));

  const inTurn = async <T>(deviceId: string, work: () => Promise<T>): Promise<T> => {
    await recovered;
    const turn = turns.get(deviceId) ?? pLimit(1);
    turns.set(deviceId, turn);
    return turn(work);
  };

  const end = async (daemon: MpsDaemon) => {
    daemons.delete(daemon.record.deviceId);
    await closeMpsDaemon(deps, daemon);
  };

  const endIfIdle = async (daemon: MpsDaemon) => {
    // A daemon that no longer answers has no client that it could tell of.
    const clients = await listClients(daemon).catch(() => []);
    if (daemon.shares.size > 0 || clients.length > 0) return false;
    await end(daemon);
    return true;
  };

  const lookAfter = (daemon: MpsDaemon) =>
    inTurn(daemon.record.deviceId, async () => {
      if (closed || daemons.get(daemon.record.deviceId) !== daemon) return;
      // One that was taken over knows no leases, but its commands.
      const used =
        daemon.shares.size > 0 || commandsOf(daemon.folder.pipe, daemon.process).length > 0;
      if (used || !(await endIfIdle(daemon))) await mendMpsDaemon(deps, daemon);
    }).catch((error) =>
      logger.error({ device: daemon.record.deviceId, error: String(error) }, 'MPS is in trouble'),
    );

  const watchAll = async () => {
    await recovered;
    await Promise.all([...daemons.values()].map(lookAfter));
    if (!closed) watch = setTimeout(watchAll, limits.watchMs).unref();
  };
  let watch = setTimeout(watchAll, limits.watchMs).unref();

  return {
    recovered,
    of: ({ deviceId }) => daemons.get(deviceId),
    add: (daemon) => void daemons.set(daemon.record.deviceId, daemon),
    inTurn,
    endIfIdle,
    async endUnlessBusy(device, daemon, wanted) {
      if (await endIfIdle(daemon)) return;
      const clients = await listClients(daemon).catch(() => []);
      throw berthError(
        'NoDeviceFree',
        `${device.label}: shared by trust domain ${daemon.record.trustDomain} (${daemon.shares.size} leases, ${clients.length} processes), asked for ${wanted}; wait until they have ended`,
      );
    },
    closed: () => closed,
    async close() {
      closed = true;
      await recovered;
      clearTimeout(watch);
      await Promise.all(
        [...daemons.values()].map((daemon) => inTurn(daemon.record.deviceId, () => end(daemon))),
      );
    },
  };
}
