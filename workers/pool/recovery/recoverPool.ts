import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { poolWorkflowId } from '../../../workflows/contracts/pool/messages.ts';
import { beginState, type PoolRunInput } from '../../../workflows/scheduling/beginState.ts';
import { carry } from '../../../workflows/scheduling/carriedState.ts';
import { recordedState } from '../../../workflows/scheduling/recorded/recordedState.ts';
import { findWedge, type Wedge } from './findWedge.ts';
import { readRun } from './readRun.ts';

export interface Recovered extends Wedge {
  leases: number;
  waiting: number;
}

/**
 * Starts a pool anew whose history this version of its code cannot replay: its run is terminated, and
 * another one goes on with the state that the history tells. Of several hosts that try, the one whose
 * termination of that very run the server accepts does it.
 *
 * @returns undefined when the pool is not wedged, or another host recovers it
 */
export async function recoverPool(
  client: Client,
  pool: string,
  start: (input: PoolRunInput, taskQueue: string) => Promise<void>,
): Promise<Recovered | undefined> {
  const wedge = await findWedge(client, pool);
  if (wedge === undefined || !(await terminate(client, pool, wedge))) return undefined;
  const { startedAt, input, messages } = await readRun(client, pool, wedge.runId);
  const state = recordedState(beginState(input, startedAt), messages);
  const { maxHistoryEvents } = input;
  await start({ pool, maxHistoryEvents, carried: carry(state) }, wedge.taskQueue);
  const count = (record: object) => Object.keys(record).length;
  return { ...wedge, leases: count(state.leases), waiting: count(state.waiting) };
}

async function terminate(client: Client, pool: string, wedge: Wedge): Promise<boolean> {
  const { runId, failures } = wedge;
  const reason = `Berth: this version of the pool decides otherwise than the one that wrote the history (non-determinism, ${failures} failures in a row); another run goes on with its leases, requests and teams`;
  try {
    await client.workflow.getHandle(poolWorkflowId(pool), runId).terminate(reason);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
