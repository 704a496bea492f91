import {
  CancellationScope,
  getExternalWorkflowHandle,
  log,
  type SignalDefinition,
} from '@temporalio/workflow';
import type { LeaseHolder } from '../../contracts/lease.ts';

/** The server takes 2,000 unanswered signals of a run and advises to stay below 500. */
const maxInFlight = 400;

/** A name that the server refuses would fail the whole workflow task, and so hold up the pool. */
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const maxIdLength = 1_000;

interface Message {
  requestId: string;
  holder: LeaseHolder;
  /** Sends it; undefined when there is nothing to say any more. */
  post(): Promise<void> | undefined;
  onUnreachable(): void;
}

export interface Outbox {
  /**
   * Tells a holder something, after all that it was told about the same request before: the server
   * keeps no order among signals that are under way together.
   * @param payload what is sent, as it is when its turn comes; undefined: no longer worth sending
   * @param onUnreachable the holder's run is closed, or can take no more signals
   */
  send<T>(
    requestId: string,
    holder: LeaseHolder,
    signal: SignalDefinition<[T]>,
    payload: () => T | undefined,
    onUnreachable: () => void,
  ): void;
  /** Nothing is under way, so that the run may be continued as new. */
  isIdle(): boolean;
}

/** Messages of the pool to its holders, sent beside the main loop. */
export function createOutbox(): Outbox {
  const lanes = new Map<string, Message[]>();
  const ready: Message[] = [];
  let inFlight = 0;

  const start = async (message: Message): Promise<void> => {
    inFlight += 1;
    try {
      // A request to cancel the pool is not meant for a message to somebody else.
      await CancellationScope.nonCancellable(async () => message.post());
    } catch (error) {
      log.info('a holder cannot be reached', { ...message.holder, error: String(error) });
      message.onUnreachable();
    } finally {
      inFlight -= 1;
      finish(message.requestId);
    }
  };

  const finish = (requestId: string): void => {
    const next = lanes.get(requestId)?.shift();
    if (next === undefined) lanes.delete(requestId);
    else ready.push(next);
    pump();
  };

  const pump = (): void => {
    while (inFlight < maxInFlight) {
      const message = ready.shift();
      if (message === undefined) return;
      void start(message);
    }
  };

  return {
    send(requestId, holder, signal, payload, onUnreachable) {
      const post = () => {
        const message = payload();
        if (message === undefined) return undefined;
        if (!isAddress(holder)) throw new TypeError('expected a workflow id and a run id');
        return getExternalWorkflowHandle(holder.workflowId, holder.runId).signal(signal, message);
      };
      const message = { requestId, holder, post, onUnreachable };
      const lane = lanes.get(requestId);
      if (lane !== undefined) {
        lane.push(message);
        return;
      }
      lanes.set(requestId, []);
      ready.push(message);
      pump();
    },
    isIdle: () => lanes.size === 0,
  };
}

function isAddress(holder: LeaseHolder | undefined): boolean {
  const { workflowId, runId } = holder ?? {};
  if (typeof workflowId !== 'string' || typeof runId !== 'string') return false;
  return workflowId.length > 0 && workflowId.length <= maxIdLength && uuidPattern.test(runId);
}
