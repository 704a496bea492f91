import { deviceActivities, hostActivities } from '../activityProxies.ts';
import type { OpenCandidateResult } from '../contracts/activities.ts';
import { failure } from '../contracts/errors.ts';
import type { GateReport } from '../contracts/ingest.ts';
import { retryLostLease } from '../leases/retryLostLease.ts';
import { type IngestContext, showLostLease } from './context.ts';
import { withIngestLease } from './lease.ts';
import { advance, stageOf } from './progress.ts';
import { scratchWasLost } from './shards.ts';

/** Times that a candidate is opened again after it was lost. */
const maxReopenings = 3;

/** Opens the candidate as a consumer would and compares it with the original on a device. */
export async function passGate(context: IngestContext): Promise<GateReport> {
  const stage = stageOf(context.state.progress, 'gate');
  stage.state = 'running';
  stage.total = 1;
  const { candidate, seconds, ...report } = await openAndCompare(context);
  if (!report.passed) throw failure('AccuracyGateFailed', describeGate(report), report);
  advance(stage, candidate.bytes, candidate.seconds + seconds);
  return report;
}

/** Shared memory that lost the candidate (a reboot) gets it again from what is sealed. */
async function openAndCompare(
  context: IngestContext,
): Promise<GateReport & { seconds: number; candidate: OpenCandidateResult }> {
  const { input, state, show } = context;
  for (let reopened = 0; ; reopened += 1) {
    show('opening the candidate');
    const host = hostActivities(input.hostId, 'open as a consumer would');
    const candidate = await host.openCandidate({ artifactId: state.artifactId });
    try {
      const compare = () => compareWithOriginal(context, candidate.path);
      const onLost = () => showLostLease(context);
      return { ...(await retryLostLease(compare, { onLost })), candidate };
    } catch (error) {
      if (!scratchWasLost(error) || reopened >= maxReopenings) throw error;
    }
  }
}

async function compareWithOriginal(
  context: IngestContext,
  candidate: string,
): Promise<GateReport & { seconds: number }> {
  const { input, state, show } = context;
  const { request } = input;
  return withIngestLease(context, (lease) => {
    show('comparing with the original');
    const device = lease.devices[0];
    if (device === undefined) throw failure('NoSuchDevice', 'the lease holds no device');
    return deviceActivities(device.taskQueue, 'compare with the original').evaluateGate({
      artifactId: state.artifactId,
      lease,
      source: request.source,
      candidate,
      kind: state.modules?.kind ?? 'encoder',
      quantize: request.quantize,
      thresholds: request.gate,
      calibration: request.calibration,
    });
  });
}

function describeGate(report: GateReport): string {
  const relation = report.metric === 'cosine' ? 'at least' : 'at most';
  const figures = [
    `mean ${report.metric} ${report.mean.toFixed(4)}, expected ${relation} ${report.threshold}`,
  ];
  if (report.perplexityIncrease !== undefined) {
    const percent = (value: number | undefined) => `${((value ?? 0) * 100).toFixed(2)} %`;
    figures.push(
      `perplexity +${percent(report.perplexityIncrease)}, expected at most +${percent(report.perplexityThreshold)}`,
    );
  }
  return `the quantized model is too far from the original: ${figures.join('; ')}; quantize less or set the --gate options`;
}
