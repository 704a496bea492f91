import { setTimeout as delay } from 'node:timers/promises';
import { berthError } from '../../workflows/contracts/errors.ts';
import { hostTaskQueue, workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { Session } from './session.ts';

/** temporal/api/enums/v1/task_queue.proto */
const queueTypes = { workflow: 1, activity: 2 } as const;
export type QueueType = keyof typeof queueTypes;

/** A worker that waits for tasks. The server forgets one some minutes after its last poll. */
export interface Poller {
  identity: string;
  lastAccess: Date | undefined;
}

/** Who asks for tasks of a queue. */
export async function readPollers(
  session: Pick<Session, 'client' | 'namespace'>,
  name: string,
  type: QueueType,
): Promise<Poller[]> {
  const described = await session.client.workflowService.describeTaskQueue({
    namespace: session.namespace,
    taskQueue: { name },
    taskQueueType: queueTypes[type],
  });
  return (described.pollers ?? []).map((poller) => ({
    identity: poller.identity ?? '',
    lastAccess: poller.lastAccessTime
      ? new Date(Number(poller.lastAccessTime.seconds ?? 0) * 1000)
      : undefined,
  }));
}

const patienceMs = 20_000;

/**
 * Makes sure that someone will take the job before it is started, so that nobody waits for nothing.
 * @throws BerthError StackUnavailable when a queue has had no worker for 20 seconds.
 */
export async function requireWorkers(session: Session): Promise<void> {
  const deadline = Date.now() + patienceMs;
  await requirePoller(session, workflowTaskQueue, 'workflow', 'workflow worker', deadline);
  await requirePoller(
    session,
    hostTaskQueue(session.hostId),
    'activity',
    `host worker of ${session.hostId}`,
    deadline,
  );
}

async function requirePoller(
  session: Session,
  queue: string,
  type: QueueType,
  who: string,
  deadline: number,
): Promise<void> {
  while ((await readPollers(session, queue, type)).length === 0) {
    const outage = await session.outage();
    if (outage !== undefined) throw berthError('StackUnavailable', outage);
    if (Date.now() > deadline) {
      throw berthError(
        'StackUnavailable',
        `no ${who} polls queue ${queue}: berth status shows what runs, berth logs why not`,
      );
    }
    await delay(500);
  }
}
