import { join } from 'node:path';
import { execaNode } from 'execa';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { ownBytes } from '../memorySampler.ts';
import type { BenchServer } from '../pooling/benchServer.ts';

/** Memory of the worker, beside how many records were written by then. */
export interface MemorySample {
  records: number;
  bytes: number;
}

export interface WorkflowProcess {
  samples: MemorySample[];
  stop(): Promise<void>;
}

const intervalMs = 500;

/** The workflow worker of a stack, in a process of its own as there, whose memory is sampled. */
export function startWorkflowProcess(
  { address, namespace, home }: BenchServer,
  writtenRecords: () => number,
): WorkflowProcess {
  const worker = execaNode(join(packageRoot(), 'dist', 'workers', 'workflowWorker.js'), {
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: home, BERTH_HOME: home, BERTH_LOG_LEVEL: 'warn' },
      ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
    },
    extendEnv: false,
    stdio: ['ignore', 'ignore', 'inherit'],
    reject: false,
    ipc: false,
  });
  const samples: MemorySample[] = [];
  const timer = setInterval(() => {
    const bytes = worker.pid === undefined ? 0 : ownBytes(worker.pid);
    if (bytes > 0) samples.push({ records: writtenRecords(), bytes });
  }, intervalMs);
  return {
    samples,
    async stop() {
      clearInterval(timer);
      worker.kill('SIGTERM');
      await worker;
    },
  };
}
