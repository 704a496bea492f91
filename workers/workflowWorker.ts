import { join } from 'node:path';
import { packageRoot } from '../activities/platform/packageRoot.ts';
import { workflowTaskQueue } from '../workflows/contracts/ids.ts';
import { runWorker } from './runWorker.ts';

/** Runs workflow code only: it holds no keys, no files and no devices. */
await runWorker('workflow', async () => ({
  taskQueue: workflowTaskQueue,
  workflowBundle: { codePath: join(packageRoot(), 'dist', 'workflow-bundle.js') },
}));
