import { setTimeout as delay } from 'node:timers/promises';
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
import { whileLeased } from './whileLeased.ts';

export interface LeasedRunDeps {
  hold: HoldClient;
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
  /** Between attempts to reach a supervisor that is away, ms. */
  retryMs?: number;
}

/** The command never ran. */
export interface NotStarted {
  /**
   * BerthError: LeaseFenced when the lease is over, StackUnavailable when the supervisor was away until
   * then, NoDeviceFree …; or `signal.reason`.
   */
  failure: unknown;
  /** The supervisor has confirmed that nothing is left of it. */
  cleared: boolean;
}

interface Started {
  link: SupervisorLink;
  command: LaunchedCommand;
  leaseFile: string;
}

/** For a supervisor that does not answer when something is given back, ms. */
const giveBackMs = 2_000;

/**
 * Runs the command once under a lease: prepare, launch, register, go, wait, clear. A supervisor that is
 * away or stands still is waited for as long as the lease lasts.
 * @param restarts Earlier starts of the command.
 */
export async function runLeased(
  deps: LeasedRunDeps,
  lease: Lease,
  restarts: number,
): Promise<CommandEnd | NotStarted> {
  const started = await startPatiently(deps, lease, restarts);
  if ('failure' in started) return started;
  const { link, command, leaseFile } = started;
  deps.onCommand(command);
  command.go();
  try {
    return await superviseCommand({
      leaseId: lease.leaseId,
      link,
      command,
      connect: deps.connect,
      leaseIsOver: async () => (await leaseIsOver(deps.hold, lease.leaseId)) === true,
      expiresAt: () => readExpiry(leaseFile, lease),
      endGroup: () => endGroup(command.pgid, deps.graceMs),
      notify: deps.notify,
    });
  } finally {
    deps.onCommand(undefined);
  }
}

async function startPatiently(
  deps: LeasedRunDeps,
  lease: Lease,
  restarts: number,
): Promise<Started | NotStarted> {
  const { retryMs = 1_000, signal } = deps;
  const watch = whileLeased({
    lease,
    leaseIsOver: () => leaseIsOver(deps.hold, lease.leaseId),
    signal,
  });
  try {
    for (let tries = 0; ; tries += 1) {
      let link: SupervisorLink | undefined;
      try {
        link = await connectDuring(deps.connect(), watch.during);
        return await start(deps, lease, restarts, link, watch.during);
      } catch (failure) {
        const cleared = link !== undefined && (await giveBack(link, lease));
        if (watch.isOver() || !isAway(failure)) return { failure, cleared };
      }
      if (tries === 0) deps.notify('the supervisor is away; waiting for it under the lease');
      await watch.during(delay(retryMs)).catch(() => undefined);
    }
  } finally {
    watch.stop();
  }
}

type During = ReturnType<typeof whileLeased>['during'];

async function connectDuring(
  connecting: Promise<SupervisorLink>,
  during: During,
): Promise<SupervisorLink> {
  try {
    return await during(connecting);
  } catch (error) {
    // One that comes too late would keep this process.
    void connecting.then((late) => late.close()).catch(() => undefined);
    throw error;
  }
}

const isAway = (failure: unknown): boolean =>
  failure instanceof BerthError && failure.type === 'StackUnavailable';

/** Everything up to the command's go. */
async function start(
  deps: LeasedRunDeps,
  lease: Lease,
  restarts: number,
  link: SupervisorLink,
  during: During,
): Promise<Started> {
  const { label, trustDomain } = deps;
  const { holder, requestId } = deps.hold;
  const prepared = await during(
    link.ask({ type: 'prepare', lease, requestId, holder, label, trustDomain }, 'prepared'),
  );
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
    const { leaseId } = lease;
    await during(link.ask({ type: 'start', leaseId, pgid, startTime }, 'started'));
    return { link, command, leaseFile: prepared.leaseFile };
  } catch (error) {
    command.abandon();
    await command.exited;
    throw error;
  }
}

/** Of a command that never ran. @returns whether the supervisor has confirmed it */
async function giveBack(link: SupervisorLink, { leaseId }: Lease): Promise<boolean> {
  // Should it fail: the supervisor ends what has no runner any more.
  const cleared = link.ask({ type: 'finished', leaseId, exitCode: 1 }, 'cleared').then(
    () => true,
    () => false,
  );
  const silent = new AbortController();
  const patience = delay(giveBackMs, false, { signal: silent.signal }).catch(() => false);
  const confirmed = await Promise.race([cleared, patience]);
  silent.abort();
  link.close();
  return confirmed;
}

/** The supervisor writes each renewal into the lease's file (leaseFile.ts). */
async function readExpiry(leaseFile: string, lease: Lease): Promise<number> {
  const written = await readJson(leaseFile, z.object({ expiresAt: z.number() })).catch(
    () => undefined,
  );
  return written?.expiresAt ?? lease.expiresAt;
}

/** Undefined when nobody can be asked: the lease's own life counts then. */
async function leaseIsOver(hold: HoldClient, leaseId: string): Promise<boolean | undefined> {
  try {
    const { phase, lease } = await hold.state();
    return phase === 'ended' || lease?.leaseId !== leaseId;
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}
