import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BackfillFault,
  type BackfillStack,
  collection,
  fillers,
  fillUnderFaults,
  findBackfillLeftovers,
  querySteps,
  startBackfillStack,
} from '../support/backfill/backfillFaults.ts';
import { drawFaults } from '../support/backfill/drawFaults.ts';
import { type CorpusRecord, recordsOf } from '../support/backfill/hostJob.ts';
import { findDifferences } from '../support/backfill/storeContents.ts';
import { chaosSeed, createChooser, explainFailure } from '../support/faults/seed.ts';
import type { Victim } from '../support/faults/victims.ts';

/** Each process dies (-9) again and again while corpora are brought into two stores. */

const seed = chaosSeed();
const choose = createChooser(seed);
const size = 400;
const jobs = [0, 1, 2];
let stack: BackfillStack;

beforeEach(async () => {
  stack = await startBackfillStack();
});
afterEach(() => stack?.stop());

/** Fills a new collection with records of its own: what is cached needs no bridge. */
async function survive(job: number, faults: readonly BackfillFault[]): Promise<void> {
  const records = recordsOf(size, job * size);
  await stack.write(records);
  const deaths = faults.map(({ victim, at }) => `${victim} ${at.when} ${at.path}`);
  explainFailure(`BERTH_CHAOS_SEED=${seed} repeats it, in job ${job}: ${deaths.join('; ')}`);
  const items = await writeKnownItems(records);
  const done = await fillUnderFaults(stack, faults, '--known-items', items, '--rebuild');
  expect(done).toMatchObject({ records: size, chunks: size, failed: 0, deadLetters: null });
  const physical = `docs-v${job + 1}`;
  for (const store of done.stores) expect(store).toMatchObject({ physical, points: size });
  expect(await findDifferences(stack, { collection, physical }, records)).toEqual([]);
  expect(await findBackfillLeftovers(stack)).toEqual([]);
}

async function writeKnownItems(records: readonly CorpusRecord[]): Promise<string> {
  const path = join(stack.home, 'known.jsonl');
  const items = records.slice(0, 3).map(({ id, text }) => ({ query: text, id }));
  await writeFile(path, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  return path;
}

describe('backfills lose nothing and double nothing by the deaths of', () => {
  test.each<Victim>([...fillers, 'supervisor', 'machine'])('%s', async (victim) => {
    for (const job of jobs) await survive(job, drawFaults(choose, [victim, victim]));
  });

  test('query', async () => {
    const faults = querySteps.map((at) => ({ victim: 'query' as const, at, running: false }));
    for (const job of jobs) await survive(job, faults);
  });

  test('everything, one after the other', async () => {
    for (const job of jobs) {
      await survive(job, drawFaults(choose, [...fillers, 'supervisor', 'machine']));
    }
  });
});
