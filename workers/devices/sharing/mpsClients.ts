import {
  hasEnvironment,
  identifyProcess,
  listProcesses,
  type ProcessIdentity,
  processTree,
} from '../../supervisor/procfs.ts';
import type { MpsClient, MpsControl } from './mpsControl.ts';
import { killPid, untilGone } from './mpsProcess.ts';

/** The processes and everything that they have started. */
export function withChildren(pids: readonly number[]): Set<number> {
  return new Set([...pids, ...pids.flatMap(processTree)]);
}

/**
 * Has the server take the clients off the GPU: a signal that ends a client at work is undefined
 * behaviour for its neighbours (NVIDIA MPS guide, early termination).
 * @returns the clients whose end was not confirmed within the limit
 */
export async function terminateClients(
  control: MpsControl,
  clients: readonly MpsClient[],
  limitMs: number,
): Promise<MpsClient[]> {
  const confirmed = await Promise.all(clients.map((client) => control.terminate(client, limitMs)));
  return clients.filter((_, index) => !confirmed[index]);
}

/**
 * SIGKILL for those clients that really have our pipe directory in their environment: a daemon in
 * another pid namespace would name other processes.
 * @returns the pids that were ended
 */
export async function killClients(
  clients: readonly MpsClient[],
  pipe: string,
  limitMs: number,
): Promise<number[]> {
  const ours = clients
    .filter(({ pid }) => usesPipe(pid, pipe))
    .flatMap(({ pid }) => identifyProcess(pid) ?? []);
  for (const { pid } of ours) killPid(pid);
  await untilGone(ours, limitMs);
  return ours.map(({ pid }) => pid);
}

/**
 * Commands that were started within a share of this daemon, also those that are no clients yet:
 * without it their programs would find no MPS and use the GPU without limits.
 */
export function commandsOf(pipe: string, daemon: ProcessIdentity | undefined): number[] {
  const own = new Set(daemon === undefined ? [] : processTree(daemon.pid));
  return listProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => !own.has(pid) && usesPipe(pid, pipe));
}

const usesPipe = (pid: number, pipe: string): boolean =>
  hasEnvironment(pid, `CUDA_MPS_PIPE_DIRECTORY=${pipe}`);
