import { basename } from 'node:path';
import { berthError } from '../../workflows/contracts/errors.ts';
import { ingestWorkflowId, workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { IngestInput, IngestRequest } from '../../workflows/contracts/ingest.ts';
import { explainFailure } from './explainFailure.ts';
import { toBerthError } from './failures.ts';
import { createIngestHandle, type IngestHandle } from './ingestHandle.ts';
import { requireWorkers } from './pollers.ts';
import { hashIngestInput } from './requestHash.ts';
import { withSearchAttributes } from './searchAttributes.ts';
import type { Session } from './session.ts';

/** Runs an ingest, by name, so that no workflow code is imported. */
export const ingestWorkflowType = 'ingestModelWorkflow';

/**
 * Starts the job, or attaches to it when the same request (options, files of the source and all)
 * is running already. One that has ended runs again.
 * @throws BerthError StackUnavailable
 */
export async function startIngest(session: Session, input: IngestInput): Promise<IngestHandle> {
  const { request } = input;
  const workflowId = ingestWorkflowId(request.name, request.tag, hashIngestInput(input));
  const model = `${request.name}:${request.tag}`;
  try {
    await requireWorkers(session);
    const started = await withSearchAttributes(
      { pipeline: 'ingest', model, hostId: session.hostId },
      (typedSearchAttributes) =>
        session.client.workflow.start(ingestWorkflowType, {
          workflowId,
          taskQueue: workflowTaskQueue,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          typedSearchAttributes,
          ...describeIngest(request),
        }),
    );
    return createIngestHandle(session, workflowId, started.firstExecutionRunId);
  } catch (error) {
    throw await explainFailure(session, error, workflowId);
  }
}

/** What the Web UI shows of an ingest before it has done anything. */
export function describeIngest(request: IngestRequest): {
  staticSummary: string;
  staticDetails: string;
} {
  const method = request.doubleQuant ? `${request.quantize}, double quant` : request.quantize;
  const rows = [
    ['source', `\`${request.source}\``],
    ['model', `\`${request.name}:${request.tag}\``],
    ['quantization', method],
    ['shards of at most', `${(request.shardBytes / 2 ** 20).toFixed(0)} MiB`],
  ];
  return {
    staticSummary: `${request.name}:${request.tag} · ${method} · from ${basename(request.source)}`,
    staticDetails: rows.map(([what, value]) => `- **${what}**: ${value}`).join('\n'),
  };
}

/**
 * Finds a job that was started elsewhere.
 * @throws BerthError InvalidRequest when there is no ingest of that id; StackUnavailable.
 */
export async function attachIngest(session: Session, workflowId: string): Promise<IngestHandle> {
  try {
    const { runId, type } = await session.client.workflow.getHandle(workflowId).describe();
    if (type !== ingestWorkflowType) {
      throw berthError('InvalidRequest', `${workflowId}: is a ${type}, expected an ingest`);
    }
    return createIngestHandle(session, workflowId, runId);
  } catch (error) {
    throw toBerthError(error, workflowId);
  }
}
