import { isGrpcServiceError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { type BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import {
  defaultPool,
  poolNamePattern,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import { toBerthError } from '../failures.ts';
import type { Session } from '../session.ts';

/** The pool answers from memory; who waits longer waits for nobody. */
const answerMs = 20_000;

/** Questions and orders to the workflow of one pool. */
export interface PoolCalls {
  query<T>(name: string, ...args: unknown[]): Promise<T>;
  update<T>(name: string, input: unknown): Promise<T>;
}

/** @throws BerthError InvalidRequest when `pool` is no name of a pool */
export function createPoolCalls(
  open: () => Promise<Pick<Session, 'client'>>,
  pool: string = defaultPool,
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
        return ask(handle);
      });
    } catch (error) {
      throw toPoolError(error, pool);
    }
  };
  return {
    query: (name, ...args) => call((handle) => handle.query(name, ...args)),
    update: <T>(name: string, input: unknown) =>
      call((handle) => handle.executeUpdate<T, [unknown]>(name, { args: [input] })),
  };
}

const notRunning = (pool: string): BerthError =>
  berthError(
    'StackUnavailable',
    `pool ${pool} is not running: run berth up on a host whose BERTH_POOL names it`,
  );

function toPoolError(error: unknown, pool: string): BerthError {
  if (error instanceof WorkflowNotFoundError) return notRunning(pool);
  const cause = (error as { cause?: unknown }).cause ?? error;
  // gRPC 9, FAILED_PRECONDITION: nobody polls the pool's task queue.
  if (isGrpcServiceError(cause) && cause.code === 9) {
    return berthError(
      'StackUnavailable',
      `no workflow worker serves pool ${pool}: berth status shows what runs, berth logs why not`,
    );
  }
  return toBerthError(error, `pool ${pool}`);
}
