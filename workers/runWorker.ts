import type { Client } from '@temporalio/client';
import type { MetricMeter } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { type BerthConfig, readConfig } from '../activities/platform/config.ts';
import { createLogger, type Logger } from '../activities/platform/logging.ts';
import { createPaths, type Paths } from '../activities/platform/paths.ts';
import { failureInterceptor } from './failureConversion.ts';
import { livenessInterceptor } from './liveness.ts';
import { createActivityMetrics } from './metrics.ts';
import { installRuntime } from './runtime.ts';
import { sendToParent } from './supervisor/messages.ts';
import { resolveTarget } from './temporal/connection.ts';
import { createClient } from './temporal/createClient.ts';

/** What every worker process has at hand. */
export interface WorkerContext {
  config: BerthConfig;
  paths: Paths;
  logger: Logger;
  client: Client;
  meter: MetricMeter;
}

/** What one kind of worker adds. */
export interface WorkerRole {
  taskQueue: string;
  activities?: object;
  workflowBundle?: WorkerOptions['workflowBundle'];
  maxConcurrentActivityTaskExecutions?: number;
  maxConcurrentWorkflowTaskExecutions?: number;
  activityInterceptors?: ActivityInterceptorsFactory[];
  /** After the last activity has ended. */
  close?(): Promise<void>;
}

/** Time for activities to end when the worker drains; then they are cancelled. */
const shutdownGraceTime = '10 seconds';

/** Heartbeats reach the server at most this often: a person watches their progress. */
const heartbeatThrottle = '1 second';

/** Body of a worker's process: runs until SIGTERM, or until the supervisor is gone. */
export async function runWorker(
  name: string,
  createRole: (context: WorkerContext) => Promise<WorkerRole>,
): Promise<void> {
  // Set before anything takes time. The parent-death signal kills us first wherever it exists.
  process.on('disconnect', () => process.exit(1));
  const shutdown = new Promise<void>((resolve) => {
    process.on('SIGTERM', () => resolve());
    process.on('SIGINT', () => resolve());
  });
  try {
    await serve(name, createRole, shutdown);
    process.exit(0);
  } catch (error) {
    const message = String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
    console.error(error instanceof Error ? error.stack : error);
    await sendToParent({ type: 'failed', message });
    process.exit(1);
  }
}

async function serve(
  name: string,
  createRole: (context: WorkerContext) => Promise<WorkerRole>,
  shutdown: Promise<void>,
): Promise<void> {
  const config = readConfig();
  const paths = createPaths(config.home, config.shm);
  const logger = createLogger(name, config.logLevel);
  const runtime = installRuntime(logger, config.metrics);
  const target = await resolveTarget(paths);
  const { namespace } = target;
  const connection = await NativeConnection.connect(target.connectionOptions);
  const client = createClient(connection, namespace);
  const meter = runtime.metricMeter;
  const role = await createRole({ config, paths, logger, client, meter });
  const { taskQueue, activityInterceptors = [], close, ...options } = role;
  const worker = await Worker.create({
    ...options,
    connection,
    namespace,
    taskQueue,
    identity: `${name}@${process.pid}`,
    shutdownGraceTime,
    maxHeartbeatThrottleInterval: heartbeatThrottle,
    defaultHeartbeatThrottleInterval: heartbeatThrottle,
    interceptors: {
      activity: [
        createActivityMetrics(meter),
        livenessInterceptor,
        ...activityInterceptors,
        failureInterceptor,
      ],
    },
  });
  const running = worker.run();
  await sendToParent({ type: 'ready', queue: taskQueue });
  void shutdown.then(() => worker.getState() === 'RUNNING' && worker.shutdown());
  try {
    await running;
  } finally {
    await close?.();
    await connection.close();
  }
}
