import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { partitionWorkflowId } from '../../../workflows/contracts/backfill/messages.ts';

/** One activity of one page, as the history has it. */
export interface PageActivity {
  type: 'embedPage' | 'writePage';
  partition: number;
  page: number;
  /** Times that a worker took it up; 0: never. */
  attempts: number;
  /** Milliseconds of the server's clock. */
  scheduledAt: number;
  /** null: it was never completed. */
  completedAt: number | null;
}

type Events = NonNullable<
  Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']
>;

/** What became of all pages of a backfill, from the histories of its partitions in all their runs. */
export async function readPageHistory(
  client: Client,
  workflowId: string,
  partitions: number,
): Promise<PageActivity[]> {
  const pages: PageActivity[] = [];
  for (let index = 0; index < partitions; index++) {
    for (let runId: string | undefined, more = true; more; ) {
      const handle = client.workflow.getHandle(partitionWorkflowId(workflowId, index), runId);
      const events = (await handle.fetchHistory()).events ?? [];
      pages.push(...pagesOf(events));
      const before = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      more = Boolean(before);
      runId = before ?? undefined;
    }
  }
  return pages;
}

/** Pure. */
export function pagesOf(events: Events): PageActivity[] {
  const activities = new Map<string, PageActivity>();
  const of = (id: unknown) => activities.get(String(id));
  for (const event of events) {
    const begun = event.activityTaskScheduledEventAttributes;
    const type = begun?.activityType?.name;
    if (begun && (type === 'embedPage' || type === 'writePage')) {
      const input = defaultPayloadConverter.fromPayload<{
        partition: number | { index: number };
        page: number;
      }>(begun.input?.payloads?.[0] ?? {});
      const partition =
        typeof input.partition === 'number' ? input.partition : input.partition.index;
      activities.set(String(event.eventId), {
        ...{ type, partition, page: input.page, attempts: 0 },
        ...{ scheduledAt: timeOf(event), completedAt: null },
      });
    }
    const started = event.activityTaskStartedEventAttributes;
    const running = started && of(started.scheduledEventId);
    // A history holds the last attempt's start only, with its number.
    if (running) running.attempts = Number(started.attempt ?? 1);
    const completed = event.activityTaskCompletedEventAttributes;
    const done = completed && of(completed.scheduledEventId);
    if (done) done.completedAt = timeOf(event);
  }
  return [...activities.values()];
}

function timeOf({ eventTime }: Events[number]): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + Number(eventTime?.nanos ?? 0) / 1e6;
}

/** From the asking for the first page's vectors until the last page is in the store, seconds. */
export function fillSeconds(pages: readonly PageActivity[]): number {
  const begun = pages.filter(({ type }) => type === 'embedPage').map((page) => page.scheduledAt);
  const ended = pages.flatMap(({ type, completedAt }) =>
    type === 'writePage' && completedAt !== null ? [completedAt] : [],
  );
  if (begun.length === 0 || ended.length === 0) throw new Error('the backfill has no pages');
  return (Math.max(...ended) - Math.min(...begun)) / 1000;
}
