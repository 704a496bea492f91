import { randomBytes } from 'node:crypto';
import { readDeviceList } from '../../../activities/devices/deviceRecords.ts';
import { type BerthConfig, readConfig } from '../../../activities/platform/config.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { usageLocation } from '../../../activities/usage/usageLocation.ts';
import { openSession } from '../../../workers/client/openSession.ts';
import { createPoolClient } from '../../../workers/client/pool/createPoolClient.ts';
import { createUsageClient } from '../../../workers/client/usage/createUsageClient.ts';
import { learnedSeconds } from '../../../workers/client/usage/learnedSeconds.ts';
import type { UsageClient } from '../../../workers/client/usage/usageClient.ts';
import { startHold } from '../../../workers/commands/runner/holdClient.ts';
import { type HoldKeeper, keepHold } from '../../../workers/commands/runner/keepHold.ts';
import type { LaunchedCommand } from '../../../workers/commands/runner/launcher.ts';
import {
  type RunCommandDeps,
  type RunReport,
  runCommand,
} from '../../../workers/commands/runner/runCommand.ts';
import { runLeased } from '../../../workers/commands/runner/runLeased.ts';
import type { CheckedRunOptions } from '../../../workers/commands/runner/runOptionSchema.ts';
import { toRunRequest } from '../../../workers/commands/runner/runRequest.ts';
import { endingSignals, listenToSignals } from '../../../workers/commands/runner/signals.ts';
import { connectSupervisor } from '../../../workers/commands/runner/supervisorLink.ts';
import { requireStack } from '../../../workers/supervisor/stack.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { defaultPool, defaultPoolConfig } from '../../../workflows/contracts/pool/messages.ts';
import { type Cli, interruptedExitCode } from '../cli.ts';
import { isFile } from './isFile.ts';

/** Ctrl-C, or another signal that ends, before the command ran. */
export class Interrupted extends Error {}

/**
 * Runs a command under a lease of this host's stack, with this process's standard streams, and
 * passes signals on to it.
 * @throws Interrupted; BerthError as runCommand
 */
export async function startRun(
  cli: Cli,
  argv: string[],
  asked: CheckedRunOptions,
  view: Pick<RunCommandDeps, 'noWait' | 'onWaiting' | 'onGranted' | 'notify'>,
): Promise<RunReport> {
  const config = readConfig(cli.env);
  const paths = createPaths(config.home, config.shm);
  const python = findPython(cli.env);
  const session = await openSession(paths, cli.env, view.notify);
  const connect = async () => {
    const stack = await requireStack(paths);
    return connectSupervisor(stack.commandSocket ?? paths.commandSocket);
  };
  const interruption = new AbortController();
  let command: LaunchedCommand | undefined;
  let keeper: HoldKeeper | undefined;
  const stopListening = listenToSignals(process, (signal) => {
    if (command !== undefined) command.signal(signal);
    else if (!endingSignals.includes(signal)) return;
    // The second time: it does not even want to wait until the request is withdrawn.
    else if (interruption.signal.aborted) process.exit(interruptedExitCode);
    else interruption.abort(new Interrupted());
  });
  try {
    const { devices } = await readDeviceList(paths);
    const { pool, request } = toRunRequest(asked, argv, {
      hostId: session.hostId,
      devices,
      defaultPool: config.pools[0]?.name ?? defaultPool,
      requestId: newRequestId(),
      isFile,
    });
    request.expectedSeconds ??= await learnedSeconds(usageOf(config, pool), request.profileKey);
    // A pool of this host may be about to begin; any other one is there or a mistake.
    if (!config.pools.some(({ name }) => name === pool)) {
      await createPoolClient(async () => session, pool).describe();
    }
    const ask = async () => {
      await keeper?.close();
      // A request that was granted is over with its lease, and its id used up.
      const requestId = keeper === undefined ? request.requestId : newRequestId();
      keeper = await keepHold({ pool, requestId, connect });
      return keeper.watch(await startHold(session, { pool, request: { ...request, requestId } }));
    };
    return await runCommand({
      ...view,
      ask,
      signal: interruption.signal,
      runOnce: (hold, lease, restarts) =>
        runLeased(
          {
            hold,
            label: request.label,
            // Without a word of the teams file; the supervisor knows the pool's.
            trustDomain: `team:${request.team.split('/')[0]}`,
            argv,
            env: cli.env,
            python,
            connect,
            graceMs: defaultPoolConfig.graceMs,
            dataLimitBytes: ownLimit(asked, request.resources),
            notify: view.notify,
            onCommand: (started) => {
              command = started;
            },
            signal: interruption.signal,
          },
          lease,
          restarts,
        ),
    });
  } finally {
    stopListening();
    await keeper?.close();
    await session.close();
  }
}

const newRequestId = (): string => `run-${randomBytes(6).toString('hex')}`;

/** Of leases that have ended; what goes on now does not matter here. */
function usageOf(config: BerthConfig, pool: string): UsageClient {
  return createUsageClient({
    location: usageLocation(config.usage, config.home),
    pool,
    describe: () => Promise.reject(berthError('StackUnavailable', `pool ${pool} is not asked`)),
    now: Date.now,
  });
}

/** A whole CPU device has no limit of memory but the one that the person sets. */
function ownLimit(
  { memory }: CheckedRunOptions,
  { kind, milli, devices }: { kind: string | null; milli: number; devices: number },
): number | null {
  return kind === 'cpu' && milli === 1000 && memory !== undefined
    ? memory * devices * 2 ** 20
    : null;
}
