import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The pool and its holders as a later version of Berth, whose pool decides otherwise (`otherSchedule.ts`). */
export async function bundleOtherVersion(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: fileOf('holderWorkflows.ts'),
    logger: new DefaultLogger('ERROR'),
    webpackConfigHook: (config) => ({
      ...config,
      plugins: [
        ...(config.plugins ?? []),
        {
          apply: (compiler) =>
            compiler.hooks.normalModuleFactory.tap('otherVersion', (factory) =>
              factory.hooks.beforeResolve.tap('otherVersion', (data) => {
                const { request, contextInfo } = data;
                if (!request.endsWith('/schedule.ts')) return;
                if (contextInfo.issuer.endsWith('otherSchedule.ts')) return;
                data.request = fileOf('otherSchedule.ts');
              }),
            ),
        },
      ],
    }),
  });
}
