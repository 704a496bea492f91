import type { Client, WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { poolWorkflowId } from '../../../workflows/contracts/pool/messages.ts';
import type { PoolRunInput } from '../../../workflows/scheduling/beginState.ts';
import type { RecordedMessage } from '../../../workflows/scheduling/recorded/recordedState.ts';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** What the history of one run of a pool holds. */
export interface PoolRunRecord {
  /** Milliseconds since the Unix epoch. */
  startedAt: number;
  input: PoolRunInput;
  /** In order. */
  messages: RecordedMessage[];
}

export async function readRun(client: Client, pool: string, runId: string): Promise<PoolRunRecord> {
  const handle = client.workflow.getHandle(poolWorkflowId(pool), runId);
  const { events } = await handle.fetchHistory();
  const [first] = events ?? [];
  const input = decode<PoolRunInput>(first?.workflowExecutionStartedEventAttributes?.input);
  if (first === undefined || input === undefined) {
    throw new Error(`run ${runId} of pool ${pool}: its history does not say how it was started`);
  }
  const messages = (events ?? []).flatMap((event) => messageOf(event) ?? []);
  return { startedAt: timeOf(first.eventTime), input, messages };
}

function messageOf(event: HistoryEvent): RecordedMessage | undefined {
  const at = timeOf(event.eventTime);
  const signaled = event.workflowExecutionSignaledEventAttributes;
  if (signaled) {
    const name = signaled.signalName ?? '';
    return { at, kind: 'heard', name, payload: decode(signaled.input) };
  }
  // Accepted is what its validator let pass; none of the pool's Updates fails later.
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
  if (update) return { at, kind: 'updated', name: update.name ?? '', payload: decode(update.args) };
  const sent = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
  if (sent) return { at, kind: 'told', name: sent.signalName ?? '', payload: decode(sent.input) };
  return undefined;
}

const timeOf = (time: HistoryEvent['eventTime']): number =>
  Number(time?.seconds ?? 0) * 1_000 + Math.floor((time?.nanos ?? 0) / 1e6);

/** The first argument. */
function decode<T>(payloads: { payloads?: Payload[] | null } | null | undefined): T | undefined {
  const [first] = payloads?.payloads ?? [];
  return first ? defaultPayloadConverter.fromPayload<T>(first) : undefined;
}
