import { rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Writes dist/workflow-bundle.js from the compiled workflows beside which this file is compiled. */
const dist = new URL('../../', import.meta.url);
const bundlePath = fileURLToPath(new URL('workflow-bundle.js', dist));

const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('workflows/index.js', dist)),
  workflowInterceptorModules: [fileURLToPath(new URL('workflows/interceptors/index.js', dist))],
});
await writeFile(`${bundlePath}.partial`, code);
await rename(`${bundlePath}.partial`, bundlePath);
