import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { bundleWorkflows } from '../support/temporal.ts';

/** Histories of real runs (`npm run histories` records them anew). */
const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const histories = readdirSync(folder).filter((name) => name.endsWith('.json'));

/** Of workflows that are not Berth's, which take leases by `withGpuLease`. */
const userHistories = readdirSync(`${folder}users`).map((name) => `users/${name}`);
const userWorkflows = fileURLToPath(new URL('../support/pool/holderWorkflows.ts', import.meta.url));

let workflowBundle: WorkflowBundleWithSourceMap;
let userBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  [workflowBundle, userBundle] = await Promise.all([
    bundleWorkflows(),
    bundleWorkflows(userWorkflows),
  ]);
});

function read(name: string) {
  return JSON.parse(readFileSync(`${folder}${name}`, 'utf8'));
}

test('every workflow has a checked-in history', () => {
  const recorded = histories.map((name) => {
    const [first] = read(name).events;
    return first.workflowExecutionStartedEventAttributes.workflowType.name;
  });
  expect(new Set(recorded)).toEqual(new Set(Object.keys(workflows)));
});

test.each(histories)('%s replays', async (name) => {
  const history = read(name);
  // Children are named after the workflow that starts them.
  const { workflowId = name } = history.events[0].workflowExecutionStartedEventAttributes;
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
});

test.each(userHistories)('%s replays', async (name) => {
  await Worker.runReplayHistory({ workflowBundle: userBundle }, read(name), name);
});
