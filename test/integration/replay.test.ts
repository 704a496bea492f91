import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { bundleWorkflows } from '../support/temporal.ts';

/** Histories of real runs (`npm run histories` records them anew). */
const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const histories = readdirSync(folder).filter((name) => name.endsWith('.json'));

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  workflowBundle = await bundleWorkflows();
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
  await Worker.runReplayHistory({ workflowBundle }, read(name), name);
});
