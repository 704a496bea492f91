import {
  type WorkflowClient,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { workflowTaskQueue } from '../../../workflows/contracts/ids.ts';
import type { LeaseHolder } from '../../../workflows/contracts/lease.ts';
import type { Explanation } from '../../../workflows/contracts/pool/description.ts';
import {
  type FinishHoldMessage,
  type HoldLeaseInput,
  type HoldLeaseResult,
  type HoldLeaseState,
  holdQueries,
  holdSignals,
} from '../../../workflows/contracts/pool/hold.ts';
import {
  holdLeaseWorkflowId,
  poolQueries,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import { awaitJob } from '../../client/awaitJob.ts';
import { explainFailure } from '../../client/explainFailure.ts';
import { requireWorkers } from '../../client/pollers.ts';
import { withSearchAttributes } from '../../client/searchAttributes.ts';
import type { Session } from '../../client/session.ts';

/** The workflow that holds the lease of one `berth run`, and what its pool says of the request. */
export interface HoldClient {
  readonly workflowId: string;
  readonly requestId: string;
  readonly holder: LeaseHolder;
  /** Waits for the server when it is restarting. @throws BerthError StackUnavailable */
  state(): Promise<HoldLeaseState>;
  /** Undefined before the pool has begun, or knows the request. */
  explain(): Promise<Explanation | undefined>;
  /** The command has ended; ends the hold. Nothing when that one has ended before. */
  finish(message: FinishHoldMessage): Promise<void>;
  /** Of a hold that has ended. @throws BerthError of its failure; JobCancelled */
  result(): Promise<HoldLeaseResult>;
  /** Gives up waiting; ends the hold. Nothing when that one has ended before. */
  withdraw(): Promise<void>;
}

/** Runs the hold, by name, so that no workflow code is imported. */
const holdWorkflowType = 'holdLeaseWorkflow';

/**
 * A server that does not answer in time, for it is busy or restarting, is asked again.
 * @throws BerthError StackUnavailable
 */
export async function startHold(session: Session, input: HoldLeaseInput): Promise<HoldClient> {
  const { pool, request } = input;
  const workflowId = holdLeaseWorkflowId(pool, request.requestId);
  const attributes = { pipeline: 'lease', hostId: session.hostId, pool, team: request.team };
  try {
    await awaitJob(session, workflowId, () => requireWorkers(session));
    const runId = await awaitJob(session, workflowId, () =>
      withSearchAttributes(attributes, (typedSearchAttributes) =>
        startOnce(session.client.workflow, workflowId, {
          taskQueue: workflowTaskQueue,
          args: [input],
          typedSearchAttributes,
          staticSummary: `${request.label} · team ${request.team}`,
        }),
      ),
    );
    return createHoldClient(session, pool, request.requestId, runId);
  } catch (error) {
    throw await explainFailure(session, error, workflowId);
  }
}

/** Its id is nobody else's: one that is there was started by a call whose answer was lost. */
async function startOnce(
  client: WorkflowClient,
  workflowId: string,
  options: Omit<WorkflowStartOptions, 'workflowId'>,
): Promise<string> {
  try {
    const { firstExecutionRunId } = await client.start(holdWorkflowType, {
      ...options,
      workflowId,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    });
    return firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return (await client.getHandle(workflowId).describe()).runId;
  }
}

function createHoldClient(
  session: Session,
  pool: string,
  requestId: string,
  runId: string,
): HoldClient {
  const { workflow } = session.client;
  const workflowId = holdLeaseWorkflowId(pool, requestId);
  const hold = workflow.getHandle(workflowId);
  const patiently = <T>(ask: () => Promise<T>): Promise<T> => awaitJob(session, workflowId, ask);
  /** Who has ended needs nothing any more. */
  const unlessEnded = (error: unknown): void => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  };
  return {
    workflowId,
    requestId,
    holder: { workflowId, runId },
    state: () =>
      patiently(async () => {
        const [state, { status }] = await Promise.all([
          hold.query<HoldLeaseState>(holdQueries.state),
          hold.describe(),
        ]);
        // One that was terminated still answers, with what it knew then.
        return status.name === 'RUNNING' ? state : { ...state, phase: 'ended', lease: null };
      }),
    async explain() {
      try {
        const asked = workflow.getHandle(poolWorkflowId(pool));
        const told = await asked.query<Explanation, [string]>(poolQueries.explain, requestId);
        return told.state === 'unknown' ? undefined : told;
      } catch {
        // The explanation is for people; whether the request stands, `state` tells.
        return undefined;
      }
    },
    finish: (message) =>
      patiently(() =>
        hold.signal<[FinishHoldMessage]>(holdSignals.finish, message).catch(unlessEnded),
      ),
    result: () => patiently(() => hold.result() as Promise<HoldLeaseResult>),
    withdraw: () =>
      patiently(async () => {
        await hold.cancel().catch(unlessEnded);
      }),
  };
}
