import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CollectionInfo } from '../../../workflows/contracts/backfill/activities.ts';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import { recordsOf } from '../../support/backfill/hostJob.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyModel } from '../../support/tinyModel.ts';

const folder = temporaryFolder('backfill-bad-input');
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const [one, two] = recordsOf(2).map((record) => JSON.stringify(record));
const good = file('good.jsonl', `${one}\n${two}\n`);
const dirty = file(
  'dirty.jsonl',
  Buffer.concat([
    Buffer.from(`${one}\n{not json\n{"id":"empty","text":" "}\n{"id":"textless"}\n${one}\n`),
    Buffer.from([...Buffer.from('{"id":"bytes","text":"'), 0xff, ...Buffer.from('"}\n')]),
    Buffer.from(`${JSON.stringify({ id: 'huge', text: 'word '.repeat(4_000_000) })}\n${two}\n`),
  ]),
);
const to = (collection: string, store = 'lancedb') => [
  ...['--collection', collection, '--model', 'tiny', '--store', store],
];

/** What a person sees of bad input to backfills, through the real command and a real stack. */
describe('bad input to backfills', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startTestStack({ BERTH_DEVICES: '0' });
    await stack.json('ingest', await tinyModel(), '--name', 'tiny', '--quantize', 'none');
    await stack.json('backfill', good, ...to('docs'));
  });
  afterAll(() => stack?.stop());

  /** The one line that says what is wrong. */
  async function refusal(expectedCode: number, args: string[]): Promise<string> {
    const { code, stderr } = await stack.run(...args);
    expect(code, stderr).toBe(expectedCode);
    const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
    expect(errors, stderr).toHaveLength(1);
    expect(stderr).not.toMatch(/^\s+at /m);
    return errors[0] ?? '';
  }

  const job = (name: string, content: string) => [
    ...['backfill', '--job', file(name, `source: ${good}\n${content}`)],
  ];
  test.concurrent.each<[string, string[], string]>([
    ['unknown key of a job file', job('a.yaml', 'modle: tiny\n'), 'a.yaml:2: unknown option modle'],
    ['key given twice', job('b.yaml', 'team: a\nteam: b\n'), 'b.yaml:3: team is there twice'],
    ['a text for a list', job('c.yaml', 'stores: chroma\n'), 'c.yaml:2: stores: expected a list'],
    ['hours', ['backfill', good, ...to('docs'), '--between', '25:00-06:00'], '25:00-06:00'],
    ['a time gone by', ['backfill', good, ...to('docs'), '--deadline', '2001-01-01'], '2001-01-01'],
    ['an absurd number', ['backfill', good, ...to('docs'), '--page-records', '1e12'], '1e12'],
    ['no such file', ['backfill', join(folder, 'none.jsonl'), ...to('docs')], 'none.jsonl'],
    [
      'no such column',
      ['backfill', good, ...to('columns'), '--text-columns', 'body'],
      'column body',
    ],
    ['no gzip', ['backfill', file('x.jsonl.gz', 'no'), ...to('packed')], 'no whole gzip file'],
    ['a password', ['backfill', good, ...to('docs', 'pgvector=postgres://u:pw@h/d')], 'password'],
    ['no folder', ['backfill', good, ...to('folder', 'lancedb=/dev/null/x')], 'cannot be made'],
    ['a filter', ['search', 'docs', 'x', '--store', 'lancedb', '--filter', 'nope'], 'filter nope'],
    ['hybrid', ['search', 'docs', 'x', '--store', 'lancedb', '--hybrid'], '--full-text'],
    ['no collection', ['search', 'none', 'x', '--store', 'lancedb'], 'none'],
    ['no rollback', ['rollback', 'docs', '--store', 'lancedb'], 'no version before docs-v1'],
    ['advice', ['stores', 'advise', '--corpus', 'lots'], '--corpus lots'],
    ['a schedule', ['schedule', 'backfill', good, ...to('docs'), '--cron', 'x y'], 'cron "x y"'],
  ])('%s is named', async (_name, args, words) => {
    const said = await refusal(2, args);
    expect(said).toContain(words);
    expect(said).not.toContain('u:pw');
  });

  test.concurrent('a store that does not answer fails the job soon', async () => {
    const url = `http://127.0.0.1:${await getPort()}`;
    expect(await refusal(1, ['backfill', good, ...to('down', `qdrant=${url}`)])).toContain(url);
  });

  test('bad records are counted by kind, and kept as dead letters when they may fail', async () => {
    const said = await refusal(1, ['backfill', dirty, ...to('dirty')]);
    for (const kind of ['malformed 1', 'empty-text 1', 'invalid-utf8 1', 'missing-column 1']) {
      expect(said).toContain(kind);
    }
    const done = await stack.json<BackfillResult>(
      ...['backfill', dirty, ...to('dirty'), '--max-failures', '9'],
    );
    const letters = readFileSync(done.deadLetters ?? '', 'utf8')
      .trim()
      .split('\n');
    expect(letters).toHaveLength(done.failed);
    expect(done.records + done.failed).toBe(8);
  });

  test('nothing of what was refused is there', async () => {
    const listed = await stack.json<CollectionInfo[] & object>('collections');
    expect(listed.map(({ collection, current }) => [collection, current])).toEqual([
      ['dirty', 'dirty-v1'],
      ['docs', 'docs-v1'],
    ]);
    expect(listed.find(({ collection }) => collection === 'docs')?.versions).toHaveLength(1);
  });
});
