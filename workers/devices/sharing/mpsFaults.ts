import { writeJsonAtomic } from '../../../activities/platform/atomicFile.ts';
import { killClients, terminateClients } from './mpsClients.ts';
import {
  isServing,
  listClients,
  type MpsDaemon,
  type MpsDaemonDeps,
  noteServers,
  startServing,
  stopServing,
} from './mpsDaemon.ts';

/**
 * Mends a daemon that has gone or whose server is in FAULT: one client's fatal error hits all of
 * them, and the server takes no new one until every one has exited. They are terminated, then killed;
 * daemon and server start afresh with the same limits. The holders learn of it as their commands end.
 * @returns whether there was anything to mend
 */
export async function mendMpsDaemon(
  deps: MpsDaemonDeps,
  daemon: MpsDaemon,
  now: () => number = Date.now,
): Promise<boolean> {
  const trouble = await findTrouble(daemon);
  if (trouble === null) return false;
  const { record, folder, control } = daemon;
  const clients = await listClients(daemon).catch(() => []);
  const unconfirmed = await terminateClients(control, clients, deps.limits.terminateMs);
  const killed = await killClients(clients, folder.pipe, deps.limits.terminateMs);
  await stopServing(deps, daemon);
  daemon.record = { ...record, faults: record.faults + 1, lastFaultAt: now() };
  await startServing(deps, daemon);
  await writeJsonAtomic(folder.record, daemon.record);
  deps.logger.error(
    {
      device: record.deviceId,
      trustDomain: record.trustDomain,
      leases: [...daemon.shares.keys()],
      killed,
      unconfirmed: unconfirmed.map(({ pid }) => pid),
      faults: daemon.record.faults,
    },
    `${record.label}: ${trouble}; its clients were ended and MPS was started again`,
  );
  return true;
}

const gone = 'the MPS control daemon is gone';
/** As nvidia-cuda-mps-control says it. */
const noDaemon = /cannot find mps control daemon/i;

async function findTrouble(daemon: MpsDaemon): Promise<string | null> {
  if (!isServing(daemon)) return gone;
  const servers = await noteServers(daemon).catch((error: Error) => {
    // It may have died just now, before its end was told.
    if (!isServing(daemon) || noDaemon.test(error.message)) return null;
    throw error;
  });
  if (servers === null) return gone;
  for (const server of servers) {
    // A server that ended between the two questions has no status.
    const status = await daemon.control.status(server).catch(() => 'GONE');
    if (status.includes('FAULT')) return 'the MPS server is in FAULT after an error of a client';
  }
  return null;
}
