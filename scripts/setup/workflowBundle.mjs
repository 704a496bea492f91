import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { fingerprint } from './fingerprint.mjs';

const inputs = ['workflows', 'scripts/setup/bundleWorkflows.ts', 'package-lock.json'];

/** Bundles dist/workflows for the workflow worker, which then starts without a bundler. */
export function workflowBundle({ root, env, state }) {
  const bundle = join(root, 'dist/workflow-bundle.js');
  const print = () => fingerprint(root, inputs);
  return {
    name: 'workflow bundle',
    needs: [],
    due: () =>
      existsSync(join(root, 'workflows/index.ts')) &&
      (!existsSync(bundle) || state.get('bundle') !== print()),
    async run(note, lock) {
      const before = print();
      const script = join(root, 'dist/scripts/setup/bundleWorkflows.js');
      await runCommand(process.execPath, [script], { cwd: root, env, note, inherit: [lock] });
      state.set('bundle', before);
    },
  };
}
