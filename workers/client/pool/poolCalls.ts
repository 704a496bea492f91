import {
  type Client,
  isGrpcServiceError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { type BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import {
  defaultPool,
  poolNamePattern,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import { findWedge } from '../../pool/recovery/findWedge.ts';
import { toBerthError } from '../failures.ts';
import type { Session } from '../session.ts';
import { updateWorkflow } from '../updateWorkflow.ts';

/** The pool answers from memory; who waits longer waits for nobody. */
const defaultAnswerMs = 20_000;

/** Questions and orders to the workflow of one pool. */
export interface PoolCalls {
  query<T>(name: string, ...args: unknown[]): Promise<T>;
  update<T>(name: string, input: unknown): Promise<T>;
}

/** @throws BerthError InvalidRequest when `pool` is no name of a pool */
export function createPoolCalls(
  open: () => Promise<Pick<Session, 'client'>>,
  pool: string = defaultPool,
  answerMs: number = defaultAnswerMs,
): PoolCalls {
  if (!poolNamePattern.test(pool)) {
    throw berthError(
      'InvalidRequest',
      `pool ${JSON.stringify(pool)}: expected a name of a-z, 0-9 and . _ -`,
    );
  }
  const call = async <T>(
    ask: (handle: ReturnType<Session['client']['workflow']['getHandle']>) => Promise<T>,
  ): Promise<T> => {
    const { client } = await open();
    const handle = client.workflow.getHandle(poolWorkflowId(pool));
    try {
      return await client.withDeadline(Date.now() + answerMs, async () => {
        // A pool that was terminated would still answer queries, with what it knew then.
        const { status } = await handle.describe();
        if (status.name !== 'RUNNING') throw notRunning(pool);
        return ask(handle).catch(async (error) => {
          throw await toAnswerError(error, client, pool);
        });
      });
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notRunning(pool);
      throw toBerthError(error, `pool ${pool}`);
    }
  };
  return {
    query: (name, ...args) => call((handle) => handle.query(name, ...args)),
    update: <T>(name: string, input: unknown) =>
      call((handle) => updateWorkflow<T>(handle, name, input)),
  };
}

const notRunning = (pool: string): BerthError =>
  berthError(
    'StackUnavailable',
    `pool ${pool} is not running: run berth up on a host whose BERTH_POOL names it`,
  );

/** The server has just answered, so silence is the workflow worker's, or that of a run that it cannot replay. */
async function toAnswerError(error: unknown, client: Client, pool: string): Promise<unknown> {
  const cause = [error, (error as { cause?: unknown }).cause].find(isGrpcServiceError);
  const isUnreplayable = unreplayable.test(String(cause?.details ?? error));
  // gRPC 4 and 9: nobody answered in time, nobody polls the task queue or its task fails.
  const isSilent =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    cause?.code === 4 ||
    cause?.code === 9;
  if (!isSilent && !isUnreplayable) return error;
  if (isUnreplayable || (await isWedged(client, pool))) return wedged(pool);
  return berthError(
    'StackUnavailable',
    `no workflow worker answers for pool ${pool}: berth status shows what runs, berth logs why not`,
  );
}

/** How the SDK marks the failure, or names it without a mark. */
const unreplayable = /TMPRL1100|Fatal error in workflow machines/;
const wedgeLookMs = 5_000;

async function isWedged(client: Client, pool: string): Promise<boolean> {
  const look = () => findWedge(client, pool);
  const wedge = await client.withDeadline(Date.now() + wedgeLookMs, look).catch(() => undefined);
  return wedge !== undefined;
}

const wedged = (pool: string): BerthError =>
  berthError(
    'StackUnavailable',
    `pool ${pool} is not answering: another version of Berth has run it, whose decisions this one cannot repeat; a host that is up starts it anew within two minutes, with its leases, requests and teams: try again then, berth status shows whether this host is up`,
  );
