import { expect, test } from 'vitest';
import { bundleWorkflows } from '../support/temporal.ts';

/** Packages that a workflow may bring into its isolate: small, and without state of their own. */
const allowedPackages = ['@temporalio/common', '@temporalio/workflow', 'nexus-rpc', 'long', 'ms'];

/** Every workflow worker keeps it; the SDK takes about 520 kB, the pool's decisions 400 kB, backfills 150 kB. */
const maxCodeBytes = 1_450_000;

test('the workflow bundle holds only workflow code and small packages, and stays small', async () => {
  const { code } = await bundleWorkflows();
  const withoutMap = code.replace(/\/\/# sourceMappingURL=.*$/m, '');
  const modules = [...withoutMap.matchAll(/^\/\*\*\*\/ "(\.\/[^"]+)"/gm)].map((match) => match[1]!);
  expect(modules).toContain('./workflows/ingest/ingestModelWorkflow.ts');
  expect(modules).toContain('./workflows/backfill/backfillEmbeddingsWorkflow.ts');
  expect(modules).toContain('./workflows/scheduling/schedule.ts');
  const foreign = modules.filter((module) => {
    if (module.startsWith('./workflows/')) return false;
    return !allowedPackages.some((name) => module.startsWith(`./node_modules/${name}/`));
  });
  expect(foreign).toEqual([]);
  expect(Buffer.byteLength(withoutMap)).toBeLessThan(maxCodeBytes);
});
