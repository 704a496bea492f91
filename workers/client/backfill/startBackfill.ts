import { createHash } from 'node:crypto';
import {
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { canonicalJson } from '../../../activities/artifacts/signing/canonicalJson.ts';
import { backfillWorkflowId } from '../../../workflows/contracts/backfill/messages.ts';
import {
  type BackfillControl,
  type BackfillInput,
  type BackfillRequest,
  formatStoreRef,
} from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { workflowTaskQueue } from '../../../workflows/contracts/ids.ts';
import { explainFailure } from '../explainFailure.ts';
import { toBerthError } from '../failures.ts';
import { requireWorkers } from '../pollers.ts';
import { withSearchAttributes } from '../searchAttributes.ts';
import type { Session } from '../session.ts';
import { type BackfillHandle, createBackfillHandle } from './backfillHandle.ts';
import { backfillWorkflowType, findBackfillJob } from './findBackfillJob.ts';

/** What a running job was asked for; compared when somebody asks again. */
export const requestMemo = 'berthRequest';

/**
 * Starts the job, or attaches to it when the same is running already: what can be changed while it
 * runs (rate, pause, deadline) does not count.
 * @throws BerthError InvalidRequest when another backfill of the collection runs; StackUnavailable
 */
export async function startBackfill(
  session: Session,
  input: BackfillInput,
): Promise<BackfillHandle> {
  const { request } = input;
  const base = backfillWorkflowId(request.collection);
  // A dry run writes nothing, so it may run beside anything.
  const workflowId = input.dryRun ? `${base}/dry-run` : base;
  const sha256 = hashRequest(request, input.dryRun);
  try {
    await requireWorkers(session);
    const handle = await withSearchAttributes(
      { pipeline: 'backfill', model: modelOf(request), hostId: session.hostId, team: input.team },
      (typedSearchAttributes) =>
        session.client.workflow.start(backfillWorkflowType, {
          workflowId,
          taskQueue: workflowTaskQueue,
          args: [input],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          memo: { [requestMemo]: sha256 },
          typedSearchAttributes,
          ...describeBackfill(request, input.dryRun),
        }),
    );
    return createBackfillHandle(session, workflowId, handle.firstExecutionRunId);
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      return attachToSame(session, workflowId, request, sha256);
    }
    throw await explainFailure(session, error, workflowId);
  }
}

async function attachToSame(
  session: Session,
  workflowId: string,
  request: BackfillRequest,
  sha256: string,
): Promise<BackfillHandle> {
  const running = await describeBackfillJob(session, workflowId);
  if (running.memo?.[requestMemo] === sha256) {
    const handle = createBackfillHandle(session, workflowId, running.runId);
    await sayWhatStays(session, handle, request);
    return handle;
  }
  throw berthError(
    'InvalidRequest',
    `${workflowId}: another backfill of this collection is running; wait for it (berth watch ${workflowId}) or stop it (berth cancel ${workflowId})`,
  );
}

/** Tells of what was asked for now and does not hold, because the job has its own already. */
async function sayWhatStays(
  { notify }: Session,
  { workflowId, progress }: BackfillHandle,
  { control, deadline }: BackfillRequest,
): Promise<void> {
  const held = await progress().then(
    (answer) => answer.control,
    () => control,
  );
  const { concurrency, recordsPerSecond } = held;
  if (control.concurrency !== concurrency || control.recordsPerSecond !== recordsPerSecond) {
    notify(
      `${workflowId}: runs already, with ${formatPace(held)}, which stays; berth backfill rate changes it`,
    );
  }
  if (deadline !== null) {
    notify(`${workflowId}: runs already; the deadline given now does not hold for it`);
  }
}

const formatPace = ({ concurrency, recordsPerSecond }: BackfillControl): string =>
  `--concurrency ${concurrency} and ${recordsPerSecond === null ? 'no --rate' : `--rate ${recordsPerSecond}`}`;

/**
 * Finds a job that was started elsewhere.
 * @throws BerthError InvalidRequest when there is no backfill of that id; StackUnavailable.
 */
export async function attachBackfill(
  session: Session,
  workflowId: string,
): Promise<BackfillHandle> {
  const found = await findBackfillJob(session, workflowId);
  return createBackfillHandle(session, found.workflowId, found.runId);
}

async function describeBackfillJob(
  session: Session,
  workflowId: string,
): Promise<WorkflowExecutionDescription> {
  try {
    return await session.client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    throw toBerthError(error, workflowId);
  }
}

export function hashRequest(request: BackfillRequest, dryRun: boolean): string {
  const { control: _control, deadline: _deadline, ...asked } = request;
  return createHash('sha256')
    .update(canonicalJson({ ...asked, dryRun }))
    .digest('hex');
}

export const modelOf = ({ embedder }: BackfillRequest): string =>
  embedder.kind === 'model' ? embedder.ref : embedder.model;

/** What the Web UI shows of a job before it has done anything. */
export function describeBackfill(
  request: BackfillRequest,
  dryRun = false,
): { staticSummary: string; staticDetails: string } {
  const stores = request.stores.map(formatStoreRef);
  const rows = [
    ['source', `\`${request.source.location}\``],
    ['collection', `\`${request.collection}\``],
    ['stores', stores.map((store) => `\`${store}\``).join(', ')],
    ['model', `\`${modelOf(request)}\``],
    ['a page', `${request.pageRecords} records`],
  ];
  const what = dryRun ? 'dry run of ' : '';
  return {
    staticSummary: `${what}${request.source.name} → ${request.collection} in ${stores.join(', ')}`,
    staticDetails: rows.map(([name, value]) => `- **${name}**: ${value}`).join('\n'),
  };
}
