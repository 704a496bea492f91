import { appendFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import {
  type BackfillStack,
  collection,
  fillAndMeanwhile,
  fillers,
  fillUnderFaults,
  findBackfillLeftovers,
  querySteps,
  startBackfillStack,
  workflowId,
} from '../../support/backfill/backfillFaults.ts';
import { drawFaults, drawSome } from '../../support/backfill/drawFaults.ts';
import { recordsOf } from '../../support/backfill/hostJob.ts';
import { findDifferences, versionsOf } from '../../support/backfill/storeContents.ts';
import { chaosSeed, createChooser, explainFailure } from '../../support/faults/seed.ts';

/** Processes of a real stack die (-9), drawn by the seed, while a corpus is brought into two stores. */
describe('a backfill of a whole stack', () => {
  const seed = chaosSeed();
  const choose = createChooser(seed);
  const records = recordsOf(400);
  const live = { collection, physical: 'docs-v1' };
  let stack: BackfillStack;

  beforeAll(async () => {
    stack = await startBackfillStack();
  });
  beforeEach(() => stack.write(records));
  afterAll(() => stack?.stop());

  test('loses nothing and doubles nothing when processes die under it', async () => {
    const knownItems = join(stack.home, 'known.jsonl');
    const items = records.slice(0, 3).map(({ id, text }) => ({ query: text, id }));
    await writeFile(knownItems, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const faults = [
      // Others each time; npm run chaos kills all of them.
      ...drawFaults(choose, drawSome(choose, fillers, 3)),
      { victim: 'query' as const, at: choose(querySteps), running: false },
    ];
    const deaths = faults.map(
      ({ victim, at, running }) => `${victim} ${at.when} ${at.path} ${running}`,
    );
    explainFailure(`BERTH_CHAOS_SEED=${seed} repeats it: ${deaths.join('; ')}`);
    const done = await fillUnderFaults(stack, faults, '--known-items', knownItems);
    expect(done).toMatchObject({ records: 400, chunks: 400, failed: 0, deadLetters: null });
    for (const store of done.stores) {
      expect(store).toMatchObject({ physical: 'docs-v1', points: 400 });
    }
    expect(await findDifferences(stack, live, records)).toEqual([]);
    expect(await findBackfillLeftovers(stack)).toEqual([]);
  });

  test('leaves the old collection live, and nothing of the new one, when it is cancelled', async () => {
    let cancelling: ReturnType<BackfillStack['run']> | undefined;
    const ended = await fillAndMeanwhile(
      stack,
      choose([2, 3, 4, 5]),
      async (givenUp, view) => {
        expect(await versionsOf(stack, collection)).toEqual({
          chroma: ['docs-v1', 'docs-v2'],
          lancedb: ['docs-v1', 'docs-v2'],
        });
        cancelling = stack.run('cancel', workflowId, '--json');
        await view.cancelRequested(givenUp);
      },
      '--rebuild',
    );
    expect(JSON.parse((await cancelling)!.stdout)).toMatchObject({ cancelled: true });
    expect(ended.code).not.toBe(0);
    expect(await findDifferences(stack, live, records)).toEqual([]);
    expect(await versionsOf(stack, collection)).toEqual({
      chroma: ['docs-v1'],
      lancedb: ['docs-v1'],
    });
    expect(await findBackfillLeftovers(stack)).toEqual([]);
  });

  test('fails before its switch when the source shrinks under it', async () => {
    const { size } = await stat(stack.corpus);
    const ended = await fillAndMeanwhile(
      stack,
      choose([0, 1, 2]),
      () => truncate(stack.corpus, Math.floor(size / 2)),
      '--rebuild',
    );
    expect(ended.code).not.toBe(0);
    expect(`${ended.stdout}${ended.stderr}`).toContain('SourceChanged');
    expect(await findDifferences(stack, live, records)).toEqual([]);
    expect(await versionsOf(stack, collection)).toEqual({
      chroma: ['docs-v1'],
      lancedb: ['docs-v1'],
    });
    expect(await findBackfillLeftovers(stack)).toEqual([]);
  });

  test('catches up with what is appended under it', async () => {
    const more = recordsOf(30, 400);
    const ended = await fillAndMeanwhile(stack, choose([0, 3, 9]), () =>
      appendFile(stack.corpus, more.map((record) => `${JSON.stringify(record)}\n`).join('')),
    );
    expect(ended).toMatchObject({ code: 0, stderr: expect.any(String) });
    const done: BackfillResult = JSON.parse(ended.stdout);
    expect(done).toMatchObject({ records: 430, embedded: 30, reused: 400, failed: 0 });
    expect(await findDifferences(stack, live, [...records, ...more])).toEqual([]);
    expect(await findBackfillLeftovers(stack)).toEqual([]);
  });
});
