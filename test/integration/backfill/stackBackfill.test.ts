import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CollectionInfo } from '../../../workflows/contracts/backfill/activities.ts';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import { type CorpusRecord, recordsOf } from '../../support/backfill/hostJob.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyModel } from '../../support/tinyModel.ts';

const folder = temporaryFolder('stack-backfill');
const corpus = join(folder, 'corpus.jsonl');
const knownItems = join(folder, 'known.jsonl');
const lines = (all: readonly object[]) => all.map((each) => `${JSON.stringify(each)}\n`).join('');
const write = (records: readonly CorpusRecord[]) => writeFileSync(corpus, lines(records));
const command = ['backfill', 'start', corpus, '--collection', 'docs', '--model', 'tiny'];
const stores = ['--store', 'chroma', '--store', 'lancedb'];

/** Chroma and LanceDB of a stack, an ingested model on its devices, and the query worker. */
describe('backfills of a whole stack', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startTestStack();
    await stack.json('ingest', await tinyModel(), '--name', 'tiny', '--quantize', 'none');
  });
  afterAll(() => stack?.stop());

  test('embeds on a leased device, verifies both stores with known items, and switches', async () => {
    write(recordsOf(40));
    const [first, second] = recordsOf(40);
    const items = [first!, second!].map(({ id, text }) => ({ query: text, id }));
    writeFileSync(knownItems, lines(items));
    const dry = await stack.json<BackfillResult>(...command, ...stores, '--dry-run');
    expect(dry.estimate ?? dry).toMatchObject({ records: 40, chunks: 40, toEmbed: 40, reused: 0 });
    const done = await stack.json<BackfillResult>(
      ...[...command, ...stores, '--known-items', knownItems],
    );
    expect(done).toMatchObject({ records: 40, chunks: 40, embedded: 40, reused: 0, failed: 0 });
    expect(done.stores).toMatchObject([
      { store: 'chroma', physical: 'docs-v1', points: 40, written: 40, recall: 1 },
      { store: 'lancedb', physical: 'docs-v1', points: 40, written: 40, recall: 1 },
    ]);
  });

  test('embeds nothing again, deletes what is gone, and finds by a query', async () => {
    write(recordsOf(30));
    const again = await stack.json<BackfillResult>(...command, ...stores, '--delete-missing');
    expect(again).toMatchObject({ records: 30, embedded: 0, reused: 30 });
    for (const store of again.stores) {
      expect(store).toMatchObject({ inPlace: true, written: 0, unchanged: 30, missingDeleted: 10 });
    }
    const [, wanted] = recordsOf(30);
    const found = await stack.json<{ hits: { recordId: string }[] }>(
      ...['search', 'docs', wanted!.text, '--top', '1'],
    );
    expect(found.hits.map(({ recordId }) => recordId)).toEqual([wanted!.id]);
  });

  test('asked for again while it runs, says what of it does not hold', async () => {
    const first = [...command, ...stores, '--rate', '1', '--detach'];
    const { workflowId } = await stack.json<{ workflowId: string }>(...first);
    const again = [...command, ...stores, '--concurrency', '3', '--deadline', '1h', '--detach'];
    const { code, stderr } = await stack.run(...again);
    expect(code).toBe(0);
    expect(stderr).toMatch(/runs already, with --concurrency \d+ and --rate 1, which stays/);
    expect(stderr).toContain('the deadline given now does not hold for it');
    await stack.json('backfill', 'rate', workflowId, '--records-per-second', 'unlimited');
    expect(await stack.json('watch', workflowId)).toMatchObject({ records: 30, embedded: 0 });
    const later = await stack.run(...command, ...stores);
    expect(later.stderr).not.toContain('runs already');
  });

  test('fills a new version for another splitter, from which a rollback leads back', async () => {
    const other = await stack.json<BackfillResult>(
      ...[...command, '--store', 'chroma', '--max-tokens', '48', '--overlap', '8'],
    );
    expect(other.stores).toMatchObject([
      { physical: 'docs-v2', previous: 'docs-v1', inPlace: false },
    ]);
    expect(other.chunks).toBeGreaterThan(30);
    const current = async () => {
      const listed = await stack.json<{ collections: CollectionInfo[] } | CollectionInfo[]>(
        'collections',
      );
      const all = Array.isArray(listed) ? listed : listed.collections;
      return all.find(({ store }) => store === 'chroma')?.current;
    };
    expect(await current()).toBe('docs-v2');
    await stack.json('rollback', 'docs', '--store', 'chroma');
    expect(await current()).toBe('docs-v1');
  });

  test('names what is wrong in one line, and switches nothing', async () => {
    write([...recordsOf(3), ...recordsOf(1)]);
    const { code, stderr } = await stack.run(...command, '--store', 'lancedb');
    expect(code).toBe(1);
    expect(stderr).toContain('duplicate-id 1');
    const absent = await stack.run(...command.slice(0, -1), 'absent', '--store', 'lancedb');
    expect(absent.code).toBe(2);
    expect(absent.stderr).toContain('absent:latest: no such model');
  });
});
