import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type InjectedSinks,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import pLimit from 'p-limit';
import { defaultPoolConfig } from '../../../workflows/contracts/pool/messages.ts';
import type { BenchServer } from './benchServer.ts';
import type { CycleInput, CycleSinks } from './cycles.ts';
import { type Side, taskQueue } from './sides.ts';

export interface Load {
  /** Workflows that ask, hold and give back all the time. */
  requesters: number;
  holdMs: number;
  warmUpMs: number;
  windowMs: number;
}

export interface Measured {
  cyclesPerSecond: number;
  /** Of grants within the window, ms, ascending. */
  latencies: number[];
  /** Of the coordinators, over all their runs. */
  failedTasks: number;
  /** Taken by the worker but not done within 10 s: a machine that is too busy. */
  timedOutTasks: number;
}

/** Requests to start workflows that are under way together. */
const startsAtATime = 8;
/** Fewer than the SDK's 40: a task that waits within the worker for longer than 10 s has failed. */
const maxConcurrentWorkflowTaskExecutions = 12;
/** Grants that show that a side is at work; nothing is counted before. */
const firstGrants = 8;
/** A side that has granted so few in this time does not work. */
const firstGrantsMs = 180_000;
/** Above every requester, so that none is replayed on either side. */
const maxCachedWorkflows = 4_000;

export function bundleBench(): Promise<WorkflowBundleWithSourceMap> {
  const extension = extname(fileURLToPath(import.meta.url));
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`poolingWorkflows${extension}`, import.meta.url)),
    workflowInterceptorModules: [
      fileURLToPath(new URL(`../../../workflows/interceptors/index${extension}`, import.meta.url)),
    ],
    logger: new DefaultLogger('ERROR'),
  });
}

/** Loads one side on a server of its own and counts what ends within the window. */
export async function measureSide(
  server: BenchServer,
  workflowBundle: WorkflowBundleWithSourceMap,
  side: Side,
  load: Load,
): Promise<Measured> {
  const { namespace, nativeConnection: connection, client } = server;
  const counts: Counts = { open: false, granted: 0, released: 0, latencies: [] };
  const queues = { [taskQueue]: {}, ...side.activities(server) };
  const workers = await Promise.all(
    Object.entries(queues).map(([queue, activities]) =>
      Worker.create({
        ...{ connection, namespace, taskQueue: queue, activities },
        ...{ maxCachedWorkflows, maxConcurrentWorkflowTaskExecutions },
        ...(queue === taskQueue ? { workflowBundle, sinks: countingSinks(counts) } : {}),
        shutdownForceTime: '5 seconds',
      }),
    ),
  );
  let sequence = 1;
  // A beat that does not get through is the server's being busy: the next one will.
  const beats = setInterval(() => {
    sequence += 1;
    void side.beat?.(client, sequence).catch(() => undefined);
  }, defaultPoolConfig.heartbeatMs);
  const running = workers.map((worker) => worker.run().catch(() => undefined));
  try {
    await side.prepare(client);
    await startRequesters(client, side, load);
    const deadline = performance.now() + firstGrantsMs;
    while (counts.granted < firstGrants) {
      if (performance.now() > deadline) {
        throw new Error(`${side.requester}: ${counts.granted} grants in ${firstGrantsMs / 1000} s`);
      }
      await delay(50);
    }
    await delay(load.warmUpMs);
    counts.open = true;
    const startedAt = performance.now();
    await delay(load.windowMs);
    const seconds = (performance.now() - startedAt) / 1000;
    counts.open = false;
    return {
      cyclesPerSecond: counts.released / seconds,
      latencies: counts.latencies.sort((a, b) => a - b),
      ...(await countBadTasks(client, side)),
    };
  } finally {
    clearInterval(beats);
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  }
}

interface Counts {
  /** Whether the window is open; grants are counted from the start, the rest within it. */
  open: boolean;
  granted: number;
  released: number;
  latencies: number[];
}

function countingSinks(counts: Counts): InjectedSinks<CycleSinks> {
  return {
    cycles: {
      granted: {
        fn: (_info, latencyMs) => {
          counts.granted += 1;
          if (counts.open) counts.latencies.push(latencyMs);
        },
      },
      released: {
        fn: () => {
          if (counts.open) counts.released += 1;
        },
      },
    },
  };
}

async function startRequesters(client: Client, side: Side, load: Load): Promise<void> {
  const limit = pLimit(startsAtATime);
  await Promise.all(
    Array.from({ length: load.requesters }, (_, index) =>
      limit(async () => {
        const input: CycleInput = { resource: side.resource(index), holdMs: load.holdMs };
        await client.workflow.start(side.requester, {
          taskQueue,
          workflowId: `requester-${index}`,
          args: [input],
        });
      }),
    ),
  );
}

async function countBadTasks(
  client: Client,
  { coordinators }: Side,
): Promise<Pick<Measured, 'failedTasks' | 'timedOutTasks'>> {
  const counts = { failedTasks: 0, timedOutTasks: 0 };
  for (const workflowId of coordinators) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    let runId = raw.workflowExecutionInfo?.firstRunId;
    while (runId) {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      runId = undefined;
      for (const event of events ?? []) {
        if (event.workflowTaskFailedEventAttributes) counts.failedTasks += 1;
        if (event.workflowTaskTimedOutEventAttributes) counts.timedOutTasks += 1;
        runId = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? runId;
      }
    }
  }
  return counts;
}
