import { type Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { LeaseHolder } from '../../workflows/contracts/lease.ts';
import type { HostReport } from '../../workflows/contracts/pool/devices.ts';
import { type FinishHoldMessage, holdSignals } from '../../workflows/contracts/pool/hold.ts';
import {
  type GpuPoolInput,
  type HostView,
  type PoolConfig,
  poolQueries,
  poolSignals,
  poolWorkflowId,
} from '../../workflows/contracts/pool/messages.ts';
import { withSearchAttributes } from '../client/searchAttributes.ts';
import { createHolderCheck } from '../holderCheck.ts';
import type { TemporalTarget } from '../temporal/connection.ts';

/** Run by name, so that no workflow code is imported. */
export const poolWorkflowType = 'gpuPoolWorkflow';

/** An answer that takes longer is given up, ms. */
const callMs = 10_000;
const queryMs = 5_000;

/** The pool workflow and the holders, as seen from a host. Every call has a deadline. */
export interface PoolServer {
  /** Starts the pool where none runs. */
  report(report: HostReport): Promise<void>;
  view(hostId: string): Promise<HostView>;
  signal(name: keyof typeof poolSignals, message: object): Promise<void>;
  isHolderOpen(holder: LeaseHolder): Promise<boolean>;
  /** Tells the workflow that holds a command's lease; one that has closed is past caring. */
  finishHold(holder: LeaseHolder, message: FinishHoldMessage): Promise<void>;
}

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

  return {
    report: (report) =>
      inTime(async () => {
        const input: GpuPoolInput = { pool, config: times };
        await withSearchAttributes({ pipeline: 'lease', pool }, (typedSearchAttributes) =>
          client.workflow.signalWithStart(poolWorkflowType, {
            workflowId: poolWorkflowId(pool),
            taskQueue: workflowTaskQueue,
            args: [input],
            signal: poolSignals.heartbeat,
            signalArgs: [report],
            workflowIdConflictPolicy: 'USE_EXISTING',
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            typedSearchAttributes,
            staticSummary: `pool ${pool}: lends devices`,
          }),
        );
      }),
    view: (hostId) =>
      inTime(() => handle.query<HostView, [string]>(poolQueries.hostView, hostId), queryMs),
    signal: (name, message) => inTime(() => handle.signal<[object]>(poolSignals[name], message)),
    isHolderOpen: (holder) => inTime(() => isOpen(holder)),
    finishHold: ({ workflowId, runId }, message) =>
      inTime(async () => {
        try {
          await client.workflow.getHandle(workflowId, runId).signal(holdSignals.finish, message);
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        }
      }),
  };
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
