import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Berth } from '../../../workers/client/berth.ts';
import { connect } from '../../../workers/client/connect.ts';
import { recordsOf } from '../../support/backfill/hostJob.ts';
import { type QueryLoop, startQueryLoop } from '../../support/backfill/queryLoop.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyModel } from '../../support/tinyModel.ts';

const folder = temporaryFolder('model-swap');
const records = recordsOf(60);
const stores = ['chroma', 'lancedb'];

/** Two models whose vectors differ in length: a mixed-up query would fail, not only answer wrongly. */
describe('the embedding model of a live collection', () => {
  let stack: TestStack;
  let berth: Berth;
  let queries: QueryLoop | undefined;
  beforeAll(async () => {
    stack = await startTestStack();
    berth = await connect({ env: { ...process.env, ...stack.env } });
    const calibration = join(folder, 'calibration.txt');
    writeFileSync(
      calibration,
      records
        .slice(0, 4)
        .map(({ text }) => `${text}\n`)
        .join(''),
    );
    const gate = ['--calibration', calibration, '--gate-min-cosine', '0.5'];
    const quantized = ['--name', 'old', '--quantize', 'nf4', ...gate];
    await stack.json('ingest', await tinyModel(), ...quantized);
    await stack.json('ingest', await tinyModel(128), '--name', 'new', '--quantize', 'none');
  });
  afterAll(async () => {
    await queries?.stop().catch(() => undefined);
    await berth?.close();
    await stack?.stop();
  });

  test('is swapped and swapped back while queries run, and none fails or mixes the two', async () => {
    const source = join(folder, 'corpus.jsonl');
    writeFileSync(source, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const fill = async (model: string) => {
      const job = await berth.backfill({ source, collection: 'docs', stores, model, sample: 20 });
      return job.result();
    };
    const before = await fill('old');
    const loop = startQueryLoop(berth, {
      ...{ collection: 'docs', stores },
      queries: records.slice(0, 5).map(({ text }) => text),
    });
    queries = loop;
    await loop.answeredBy('docs-v1');
    const after = await fill('new');
    expect(after.stores).toMatchObject(
      stores.map((store) => ({ store, physical: 'docs-v2', previous: 'docs-v1', points: 60 })),
    );
    await loop.answeredBy('docs-v2');
    for (const store of stores) {
      expect(await berth.rollback('docs', { store })).toMatchObject({ to: 'docs-v1' });
    }
    await loop.answeredBy('docs-v1');
    await loop.stop();

    const digests: Record<string, string> = {
      'docs-v1': before.contentDigest,
      'docs-v2': after.contentDigest,
    };
    expect(before.contentDigest).not.toBe(after.contentDigest);
    for (const { physical, contentDigest, hits } of loop.answers) {
      expect(contentDigest).toBe(digests[physical]);
      expect(hits).toHaveLength(3);
    }
    for (const store of stores) {
      const named = loop.answers.filter((one) => one.store === store).map((one) => one.physical);
      // Once there, once back: no answer of the other version in between.
      expect(named.filter((physical, at) => physical !== named[at - 1])).toEqual([
        'docs-v1',
        'docs-v2',
        'docs-v1',
      ]);
    }
    const versions = await berth.collections({ stores });
    for (const { versions: kept } of versions) {
      expect(kept.map(({ physical, dimensions }) => [physical, dimensions]).sort()).toEqual([
        ['docs-v1', 256],
        ['docs-v2', 128],
      ]);
    }
  });
});
