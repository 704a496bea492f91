import {
  ActivityFailure,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  defineQuery,
  isCancellation,
  log,
  setHandler,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { hostActivities } from '../activityProxies.ts';
import type { GateReport, IngestProgress, IngestResult } from '../contracts/ingest.ts';
import { createIngestContext, type IngestContext } from './context.ts';
import { passGate } from './gate.ts';
import { makeAllShards } from './partitions.ts';
import { advance, failRunning, stageOf, stageReports } from './progress.ts';
import { type IngestRunInput, mintArtifactId, startState } from './state.ts';

/** How far an ingest has come. */
export const progressQuery = defineQuery<IngestProgress>('progress');

/**
 * Brings a model in: inspect, quantize, seal, gate, publish. On failure or cancellation nothing
 * stays behind: no tag, no staging, no shared memory.
 */
export async function ingestModelWorkflow(input: IngestRunInput): Promise<IngestResult> {
  const { runId } = workflowInfo();
  const state = input.resume ?? startState(mintArtifactId(Math.random), runId);
  const context = createIngestContext(input, state);
  setHandler(progressQuery, () => state.progress);
  try {
    return await runIngest(context);
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const cancelled = wasCancelled(error);
    failRunning(state.progress, cancelled ? 'cancelled; tidying up' : 'failed; tidying up');
    await CancellationScope.nonCancellable(() => discard(context));
    context.show(cancelled ? 'cancelled' : 'failed');
    throw cancelled && !isCancellation(error) ? new CancelledFailure('cancelled') : error;
  }
}

/** A worker that dies before it heeds a cancellation ends in a time-out: the job was cancelled still. */
function wasCancelled(error: unknown): boolean {
  const timedOut = error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
  return isCancellation(error) || (timedOut && CancellationScope.current().consideredCancelled);
}

async function runIngest(context: IngestContext): Promise<IngestResult> {
  const { input, state } = context;
  if (input.resume === undefined) await inspect(context);
  await makeAllShards(context);
  await sealCarriedFiles(context);
  const gate = input.request.quantize === 'none' ? null : await passGate(context);
  if (gate === null) stageOf(state.progress, 'gate').state = 'skipped';
  return publish(context, gate);
}

async function inspect({ input, state, show }: IngestContext): Promise<void> {
  const stage = stageOf(state.progress, 'inspect');
  stage.state = 'running';
  stage.total = 1;
  show('inspecting the source');
  const found = await hostActivities(input.hostId, input.request.source).inspectSource({
    artifactId: state.artifactId,
    request: input.request,
    listingSha256: input.listingSha256,
  });
  state.leftOut = found.leftOut;
  state.sourceBytes = found.sourceBytes;
  state.listingSha256 = found.listingSha256;
  advance(stage, found.sourceBytes, found.seconds);
}

async function sealCarriedFiles({ input, state, show }: IngestContext): Promise<void> {
  show('sealing configuration and tokenizer');
  const host = hostActivities(input.hostId, 'configuration and tokenizer');
  const sealed = await host.sealCarriedFiles({
    artifactId: state.artifactId,
    request: input.request,
  });
  advance(stageOf(state.progress, 'seal'), sealed.bytes, sealed.seconds);
}

async function publish(context: IngestContext, gate: GateReport | null): Promise<IngestResult> {
  const { input, state, show } = context;
  const { request } = input;
  const { workflowId, startTime } = workflowInfo();
  const stage = stageOf(state.progress, 'publish');
  stage.state = 'running';
  stage.total = 1;
  show('publishing');
  const published = await hostActivities(
    input.hostId,
    `${request.name}:${request.tag}`,
  ).publishArtifact({
    artifactId: state.artifactId,
    request,
    createdAt: startTime.toISOString(),
    workflow: { workflowId, runId: state.firstRunId },
    listingSha256: state.listingSha256,
    gate,
    tools: state.modules?.tools ?? {},
    quantizedModules: state.modules?.quantizedModules ?? 0,
  });
  advance(stage, published.storedBytes, published.seconds);
  show('published');
  return {
    workflowId,
    artifact: `${request.name}@sha256:${published.digest}`,
    ref: `${request.name}:${request.tag}`,
    artifactId: state.artifactId,
    digest: published.digest,
    contentDigest: published.contentDigest,
    sourceBytes: state.sourceBytes,
    modelBytes: published.modelBytes,
    storedBytes: published.storedBytes,
    shards: state.plan?.shards.length ?? 0,
    gate,
    stages: stageReports(state.progress),
    leftOut: state.leftOut,
    droppedTensors: state.modules?.droppedTensors ?? [],
  };
}

/** What stays behind after a failed tidy-up is `sweep`'s to find; the job's own failure matters more. */
async function discard({ input, state }: IngestContext): Promise<void> {
  try {
    await hostActivities(input.hostId, 'remove what the job left').discardArtifact({
      artifactId: state.artifactId,
    });
  } catch (error) {
    log.warn('staging was not removed; berth sweep will', { error: String(error) });
  }
}
