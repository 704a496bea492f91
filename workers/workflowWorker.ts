import { join } from 'node:path';
import { packageRoot } from '../activities/platform/packageRoot.ts';
import { workflowTaskQueue } from '../workflows/contracts/ids.ts';
import { runWorker } from './runWorker.ts';

/** More at a time would let the pool's task time out behind a burst of new workflows: one thread runs them all. */
const tasksAtOnce = 12;

/** Runs workflow code only: it holds no keys, no files and no devices. */
await runWorker('workflow', async () => ({
  taskQueue: workflowTaskQueue,
  workflowBundle: { codePath: join(packageRoot(), 'dist', 'workflow-bundle.js') },
  maxConcurrentWorkflowTaskExecutions: tasksAtOnce,
}));
