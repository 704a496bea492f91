import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { findTemporalCli } from '../../activities/platform/python.ts';

/** A real Temporal server for one test file, on a free port of the loopback. */
export async function startTemporal(): Promise<TestWorkflowEnvironment> {
  // Failing on purpose is what most tests do; only errors of the SDK itself are worth a line.
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: findTemporalCli() },
      namespace: 'berth',
      log: { format: 'json', level: 'error' },
    },
  });
}

const allWorkflows = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
const interceptors = new URL('../../workflows/interceptors/index.ts', import.meta.url);

/** The workflow bundle as workers run it, straight from source; or one of other workflows. */
export async function bundleWorkflows(
  workflowsPath = allWorkflows,
): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [fileURLToPath(interceptors)],
    logger: new DefaultLogger('ERROR'),
  });
}
