import {
  type Client,
  Connection,
  WorkflowNotFoundError,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { LeaseHolder } from '../../workflows/contracts/lease.ts';
import type { HostReport } from '../../workflows/contracts/pool/devices.ts';
import { type FinishHoldMessage, holdSignals } from '../../workflows/contracts/pool/hold.ts';
import {
  freshRunEvents,
  type HostView,
  type PoolConfig,
  poolQueries,
  poolSignals,
  poolWorkflowId,
} from '../../workflows/contracts/pool/messages.ts';
import type { PoolRunInput } from '../../workflows/scheduling/beginState.ts';
import { withSearchAttributes } from '../client/searchAttributes.ts';
import { createHolderCheck } from '../holderCheck.ts';
import type { TemporalTarget } from '../temporal/connection.ts';
import { type Recovered, recoverPool } from './recovery/recoverPool.ts';
import { pause } from './retrying.ts';

/** Run by name, so that no workflow code is imported. */
export const poolWorkflowType = 'gpuPoolWorkflow';

/** An answer that takes longer is given up, ms. */
const callMs = 10_000;
const queryMs = 5_000;
/** A long history takes a while to read. */
const recoveryMs = 60_000;
/** Between looks whether the pool has handed over, ms. */
const handOverLookMs = 100;

/** The pool workflow and the holders, as seen from a host. Every call has a deadline. */
export interface PoolServer {
  /** Starts the pool where none runs. */
  report(report: HostReport): Promise<void>;
  view(hostId: string): Promise<HostView>;
  signal(name: keyof typeof poolSignals, message: object): Promise<void>;
  /** Resolves once the pool goes on in a run with next to no history, or is not there. */
  handOver(signal: AbortSignal): Promise<void>;
  /**
   * Starts the pool anew, with what it knew, where this version of its code cannot go on with it.
   * @returns undefined when that is not so, or when another host does it
   */
  recover(): Promise<Recovered | undefined>;
  isHolderOpen(holder: LeaseHolder): Promise<boolean>;
  /** Tells the workflow that holds a command's lease; one that has closed is past caring. */
  finishHold(holder: LeaseHolder, message: FinishHoldMessage): Promise<void>;
}

type StartOptions = WorkflowStartOptions<(input: PoolRunInput) => Promise<void>>;

export interface PoolServerDeps {
  client: Client;
  pool: string;
  /** For a pool that is started. */
  times: Partial<PoolConfig>;
}

export function createPoolServer({ client, pool, times }: PoolServerDeps): PoolServer {
  const handle = client.workflow.getHandle(poolWorkflowId(pool));
  const inTime = <T>(call: () => Promise<T>, ms = callMs): Promise<T> =>
    client.withDeadline(Date.now() + ms, call);
  const isOpen = createHolderCheck(client);

  async function starting(
    input: PoolRunInput,
    start: (options: StartOptions) => Promise<unknown>,
  ): Promise<void> {
    await withSearchAttributes({ pipeline: 'lease', pool }, (typedSearchAttributes) =>
      start({
        workflowId: poolWorkflowId(pool),
        taskQueue: workflowTaskQueue,
        args: [input],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        typedSearchAttributes,
        staticSummary: `pool ${pool}: lends devices`,
      }),
    );
  }

  return {
    report: (report) =>
      inTime(() =>
        starting({ pool, config: times }, (options) =>
          client.workflow.signalWithStart(poolWorkflowType, {
            ...options,
            signal: poolSignals.heartbeat,
            signalArgs: [report],
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        ),
      ),
    view: (hostId) =>
      inTime(() => handle.query<HostView, [string]>(poolQueries.hostView, hostId), queryMs),
    signal: (name, message) => inTime(() => handle.signal<[object]>(poolSignals[name], message)),
    async handOver(signal) {
      const before = await inTime(() => handle.describe()).catch(unlessNotFound);
      if (before === undefined) return;
      const isFresh = ({ runId, historyLength, status }: NonNullable<typeof before>): boolean =>
        runId !== before.runId || historyLength <= freshRunEvents || status.name !== 'RUNNING';
      if (isFresh(before)) return;
      await inTime(() => handle.signal(poolSignals.handOver));
      while (!signal.aborted && !isFresh(await inTime(() => handle.describe()))) {
        await pause(handOverLookMs, signal);
      }
    },
    recover: () =>
      inTime(
        () =>
          recoverPool(client, pool, (input, taskQueue) =>
            starting(input, (options) =>
              // A host's report may have started one that knows nothing.
              client.workflow.start(poolWorkflowType, {
                ...options,
                taskQueue,
                workflowIdConflictPolicy: 'TERMINATE_EXISTING',
              }),
            ),
          ),
        recoveryMs,
      ),
    isHolderOpen: (holder) => inTime(() => isOpen(holder)),
    finishHold: ({ workflowId, runId }, message) =>
      inTime(async () => {
        const holder = client.workflow.getHandle(workflowId, runId);
        await holder.signal(holdSignals.finish, message).catch(unlessNotFound);
      }),
  };
}

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** A connection that is made when first used and finds back to a server that was away. */
export function connectLazily({ connectionOptions }: TemporalTarget): Connection {
  return Connection.lazy({
    ...connectionOptions,
    channelArgs: {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    },
  });
}
