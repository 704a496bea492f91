import { z } from 'zod';
import { readJson } from '../../../activities/platform/atomicFile.ts';
import { BerthError } from '../../../workflows/contracts/errors.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import { parseCoreSet } from '../../devices/coreSets.ts';
import { commandEnvironment } from './commandEnvironment.ts';
import { endGroup } from './endGroup.ts';
import type { HoldClient } from './holdClient.ts';
import { type LaunchedCommand, launch } from './launcher.ts';
import { type CommandEnd, superviseCommand } from './superviseCommand.ts';
import type { SupervisorLink } from './supervisorLink.ts';

export interface LeasedRunDeps {
  hold: HoldClient;
  requestId: string;
  label: string;
  /** Teams of other domains never share a device with it. */
  trustDomain: string;
  argv: string[];
  /** The person's environment. */
  env: NodeJS.ProcessEnv;
  /** Interpreter of the launcher. */
  python: string;
  /** Connects to the supervisor that runs now. @throws BerthError StackUnavailable */
  connect(): Promise<SupervisorLink>;
  /** Between SIGTERM and SIGKILL where the runner ends the command itself, ms. */
  graceMs: number;
  /** RLIMIT_DATA where the supervisor sets no limit, bytes; null for none. */
  dataLimitBytes: number | null;
  notify(line: string): void;
  /** Gets the command while it runs, to pass signals on; undefined again when it has ended. */
  onCommand(command: LaunchedCommand | undefined): void;
  /** Aborted before the command runs: it is not started. */
  signal: AbortSignal;
}

/**
 * Runs the command once under a lease: prepare, launch, register, go, wait, clear.
 * @param restarts Earlier starts of the command.
 * @throws BerthError when it could not be started: StackUnavailable, NoDeviceFree, LeaseFenced …;
 *   `signal.reason` when interrupted before. Its shares are given back then.
 */
export async function runLeased(
  deps: LeasedRunDeps,
  lease: Lease,
  restarts: number,
): Promise<CommandEnd> {
  const link = await deps.connect();
  const started = await start(deps, lease, restarts, link).catch(async (error) => {
    await giveBack(link, lease);
    throw error;
  });
  const { command, leaseFile } = started;
  deps.onCommand(command);
  command.go();
  try {
    return await superviseCommand({
      leaseId: lease.leaseId,
      link,
      command,
      connect: deps.connect,
      leaseIsOver: () => leaseIsOver(deps.hold, lease.leaseId),
      expiresAt: () => readExpiry(leaseFile, lease),
      endGroup: () => endGroup(command.pgid, deps.graceMs),
      notify: deps.notify,
    });
  } finally {
    deps.onCommand(undefined);
  }
}

/** Everything up to the command's go. */
async function start(
  deps: LeasedRunDeps,
  lease: Lease,
  restarts: number,
  link: SupervisorLink,
): Promise<{ command: LaunchedCommand; leaseFile: string }> {
  const { requestId, label, trustDomain } = deps;
  const holder = deps.hold.holder;
  const prepared = await link.ask(
    { type: 'prepare', lease, requestId, holder, label, trustDomain },
    'prepared',
  );
  deps.signal.throwIfAborted();
  const command = await launch(deps.python, {
    argv: deps.argv,
    env: commandEnvironment({
      own: deps.env,
      prepared: prepared.env,
      leaseFile: prepared.leaseFile,
      deviceIds: lease.devices.map(({ deviceId }) => deviceId),
      restarts,
    }),
    cores: prepared.cores === null ? null : parseCoreSet(prepared.cores),
    dataLimitBytes: prepared.dataLimitBytes ?? deps.dataLimitBytes,
    cgroup: prepared.cgroup,
    graceSeconds: deps.graceMs / 1000,
  });
  try {
    const { pgid, startTime } = command;
    await link.ask({ type: 'start', leaseId: lease.leaseId, pgid, startTime }, 'started');
    deps.signal.throwIfAborted();
    return { command, leaseFile: prepared.leaseFile };
  } catch (error) {
    command.abandon();
    await command.exited;
    throw error;
  }
}

/** Of a command that never ran. */
async function giveBack(link: SupervisorLink, { leaseId }: Lease): Promise<void> {
  // Should it fail: the supervisor ends what has no runner any more.
  await link.ask({ type: 'finished', leaseId, exitCode: 1 }, 'cleared').catch(() => undefined);
  link.close();
}

/** The supervisor writes each renewal into the lease's file (leaseFile.ts). */
async function readExpiry(leaseFile: string, lease: Lease): Promise<number> {
  const written = await readJson(leaseFile, z.object({ expiresAt: z.number() })).catch(
    () => undefined,
  );
  return written?.expiresAt ?? lease.expiresAt;
}

async function leaseIsOver(hold: HoldClient, leaseId: string): Promise<boolean> {
  try {
    const { phase, lease } = await hold.state();
    return phase === 'ended' || lease?.leaseId !== leaseId;
  } catch (error) {
    // Nobody can be asked: the lease's own life counts.
    if (error instanceof BerthError) return false;
    throw error;
  }
}
