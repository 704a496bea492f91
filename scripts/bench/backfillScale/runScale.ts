import { Worker } from '@temporalio/worker';
import { backfillWorkflowId } from '../../../workflows/contracts/backfill/messages.ts';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import type { BackfillInput } from '../../../workflows/contracts/backfill/request.ts';
import { hostTaskQueue, workflowTaskQueue } from '../../../workflows/contracts/ids.ts';
import {
  defaultPool,
  defaultPoolConfig,
  poolSignals,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import type { Say } from '../bench.ts';
import type { Tidy } from '../ingesting/tidily.ts';
import { type BenchServer, startBenchServer } from '../pooling/benchServer.ts';
import { benchHostId, report } from '../pooling/sides.ts';
import {
  createCountingActivities,
  type ScaleCorpus,
  type ScaleCounts,
} from './countingActivities.ts';
import { type HistorySizes, measureHistories } from './histories.ts';
import { type MemorySample, startWorkflowProcess } from './workflowProcess.ts';

export interface ScaleSetting extends ScaleCorpus {
  concurrency: number;
}

export interface ScaleOutcome {
  result: BackfillResult;
  seconds: number;
  counts: ScaleCounts;
  job: HistorySizes;
  partitions: HistorySizes;
  memory: MemorySample[];
}

const deviceQueue = 'device.scale';
const collection = 'scale';
const sayEveryMs = 10_000;

/** One backfill by the real workflows on a server of its own, under leases of a real pool. */
export async function runScale(
  setting: ScaleSetting,
  tidy: Tidy,
  interrupted: AbortSignal,
  say: Say,
): Promise<ScaleOutcome> {
  const { records, concurrency } = setting;
  const server = await startBenchServer();
  tidy(() => server.stop());
  const { client, nativeConnection: connection, namespace } = server;
  const { counts, activities } = createCountingActivities(setting);
  const written = () => counts.writtenRecords;
  const workflows = startWorkflowProcess(server, written);
  tidy(() => workflows.stop());
  const workers = await Promise.all(
    [hostTaskQueue(benchHostId), deviceQueue].map((taskQueue) =>
      Worker.create({
        connection,
        namespace,
        taskQueue,
        activities,
        shutdownForceTime: '5 seconds',
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  tidy(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  });
  tidy(await beatAsHost(server, concurrency));

  say(`backfill-scale: ${records} records`);
  const timer = setInterval(
    () => say(`backfill-scale: ${written()} of ${records} records`),
    sayEveryMs,
  );
  tidy(async () => clearInterval(timer));
  const startedAt = performance.now();
  const handle = await client.workflow.start('backfillEmbeddingsWorkflow', {
    taskQueue: workflowTaskQueue,
    workflowId: backfillWorkflowId(collection),
    args: [backfillInput(setting)],
  });
  const aborted = new Promise<never>((_, reject) => {
    interrupted.addEventListener('abort', () => reject(interrupted.reason));
  });
  const result: BackfillResult = await Promise.race([handle.result(), aborted]);
  const seconds = (performance.now() - startedAt) / 1000;
  const [job, partitions] = await Promise.all([
    measureHistories(client, 'backfillEmbeddingsWorkflow'),
    measureHistories(client, 'backfillPartitionWorkflow'),
  ]);
  return { result, seconds, counts, job, partitions, memory: workflows.samples };
}

/** Says what a supervisor would, now and again. @returns what ends it */
async function beatAsHost({ client }: BenchServer, devices: number): Promise<() => Promise<void>> {
  let sequence = 0;
  const beat = async () => {
    sequence += 1;
    const heartbeat = report(devices, sequence);
    for (const device of heartbeat.devices) device.taskQueue = deviceQueue;
    await client.workflow.signalWithStart('gpuPoolWorkflow', {
      ...{ taskQueue: workflowTaskQueue, workflowId: poolWorkflowId(defaultPool) },
      ...{ args: [{ pool: defaultPool }], signal: poolSignals.heartbeat, signalArgs: [heartbeat] },
    });
  };
  await beat();
  // One that does not get through is the server's being busy: the next one will.
  const timer = setInterval(
    () => void beat().catch(() => undefined),
    defaultPoolConfig.heartbeatMs,
  );
  return async () => clearInterval(timer);
}

function backfillInput(setting: ScaleSetting): BackfillInput {
  const { records, pageRecords, partitionPages, concurrency } = setting;
  return {
    ...{ hostId: benchHostId, team: 'default', dryRun: false },
    request: {
      source: {
        ...{ kind: 'synthetic', location: `synthetic:${records}`, name: 'synthetic' },
        columns: { text: ['text'], metadata: null },
      },
      ...{ collection, stores: [{ kind: 'noop', url: null }] },
      embedder: { kind: 'model', ref: 'scale:latest' },
      ...{ pooling: null, normalize: null, dimensions: null },
      splitter: { maxTokens: null, overlapTokens: 32 },
      layout: { payloadIndexes: [], fullText: false, quantization: 'none', tenantField: null },
      ...{ pageRecords, partitionPages, rebuild: false, deleteMissing: false, keepPrevious: 1 },
      verification: { sample: 0, minRecall: 0.9, knownItems: null, minKnownItems: 0.9 },
      ...{ maxFailures: 0, between: null, deadline: null },
      control: { paused: false, recordsPerSecond: null, concurrency },
      ...{ pricePerMillionTokens: null, replayOf: null },
    },
  };
}
