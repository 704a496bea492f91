import { randomUUID } from 'node:crypto';
import type {
  EvictResult,
  ExportResult,
  RemoveResult,
  SweepResult,
  TagResult,
  VerifyResult,
  WarmResult,
} from '../../workflows/contracts/activities.ts';
import type { BackfillOperations } from '../../workflows/contracts/backfill/operations.ts';
import type {
  ExportModelInput,
  HostOperation,
  ModelOperation,
  RemoveModelInput,
  TagModelInput,
  WarmModelInput,
} from '../../workflows/contracts/catalogue.ts';
import { workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import { awaitJob } from './awaitJob.ts';
import { explainFailure } from './explainFailure.ts';
import { noticeRetries } from './noticeRetries.ts';
import { requireWorkers } from './pollers.ts';
import { withSearchAttributes } from './searchAttributes.ts';
import type { Session } from './session.ts';

/** Workflows that run one operation on a host, by name, so that no workflow code is imported. */
interface OperationWorkflows extends BackfillOperations {
  warmModelWorkflow: { input: WarmModelInput; result: WarmResult };
  evictModelWorkflow: { input: ModelOperation; result: EvictResult };
  verifyModelWorkflow: { input: ModelOperation; result: VerifyResult };
  exportModelWorkflow: { input: ExportModelInput; result: ExportResult };
  tagModelWorkflow: { input: TagModelInput; result: TagResult };
  removeModelWorkflow: { input: RemoveModelInput; result: RemoveResult };
  sweepStoreWorkflow: { input: HostOperation; result: SweepResult };
}

export type OperationName = keyof OperationWorkflows;

/** Says what an operation's workflow is called and how it reads in the Web UI. */
const titles: Record<OperationName, { verb: string; pipeline: string }> = {
  warmModelWorkflow: { verb: 'warm', pipeline: 'warm' },
  evictModelWorkflow: { verb: 'evict', pipeline: 'warm' },
  verifyModelWorkflow: { verb: 'verify', pipeline: 'catalogue' },
  exportModelWorkflow: { verb: 'export', pipeline: 'catalogue' },
  tagModelWorkflow: { verb: 'tag', pipeline: 'catalogue' },
  removeModelWorkflow: { verb: 'remove', pipeline: 'catalogue' },
  sweepStoreWorkflow: { verb: 'sweep', pipeline: 'catalogue' },
  searchCollectionWorkflow: { verb: 'search', pipeline: 'backfill' },
  listCollectionsWorkflow: { verb: 'collections', pipeline: 'backfill' },
  rollbackCollectionWorkflow: { verb: 'rollback', pipeline: 'backfill' },
};

/**
 * Runs one operation on the session's host and waits for it.
 * @throws BerthError of the operation, or StackUnavailable.
 */
export async function runHostOperation<N extends OperationName>(
  session: Session,
  name: N,
  input: Omit<OperationWorkflows[N]['input'], 'hostId'>,
  { collection }: { collection?: string } = {},
): Promise<OperationWorkflows[N]['result']> {
  const { verb, pipeline } = titles[name];
  const ref = 'ref' in input ? String(input.ref) : undefined;
  const subject = ref ?? collection;
  const what = subject === undefined ? verb : `${verb} ${subject}`;
  try {
    await requireWorkers(session);
    const workflowId = `${verb}/${subject === undefined ? '' : `${subject}/`}${randomUUID().slice(0, 8)}`;
    const job = { pipeline, model: ref, hostId: session.hostId };
    const handle = await withSearchAttributes(job, (typedSearchAttributes) =>
      session.client.workflow.start(name, {
        workflowId,
        taskQueue: workflowTaskQueue,
        args: [{ ...input, hostId: session.hostId }],
        typedSearchAttributes,
        staticSummary: what,
      }),
    );
    const stopNotices = noticeRetries(session, handle, what);
    try {
      return await awaitJob(session, what, () => handle.result());
    } finally {
      stopNotices();
    }
  } catch (error) {
    throw await explainFailure(session, error, what);
  }
}
