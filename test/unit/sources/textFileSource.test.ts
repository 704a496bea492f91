import {
  appendFile,
  chmod,
  readdir,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { createJsonlSource } from '../../../activities/sources/drivers/jsonlSource.ts';
import { openSource } from '../../../activities/sources/openSource.ts';
import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { corpusFolder } from '../../support/sources/corpusFolder.ts';
import { failuresOf, readAll, recordsOf } from '../../support/sources/readSource.ts';

const limits = { partitionRecords: 3, maxPartitions: 100 };

async function corpus(name: string, content: string | Buffer) {
  const { folder, scratch } = await corpusFolder();
  const path = join(folder, name);
  await writeFile(path, content);
  const spec: SourceSpec = {
    kind: name.includes('.csv') ? 'csv' : 'jsonl',
    location: path,
    name: 'corpus',
    columns: { text: ['text'], metadata: null },
  };
  const source = await openSource(spec, { allowed: [], env: {} });
  onTestFinished(() => source.close());
  const options = { ...limits, scratch };
  const plan = await source.plan(options);
  const ids = async (partitions = plan.partitions) =>
    recordsOf(await readAll(source, partitions, scratch)).map(({ id }) => id);
  const changes = (changeToken = plan.changeToken ?? '') =>
    source.changesSince!({ ...options, changeToken, firstIndex: 10 });
  return { folder, scratch, path, spec, source, plan, ids, changes };
}

const lines = (...numbers: number[]): string =>
  numbers
    .map((number) => `${JSON.stringify({ id: `r${number}`, text: `text ${number}` })}\n`)
    .join('');
const many = Array.from({ length: 500 }, (_, number) => number);

test('a line that was half written is read again when it is whole', async () => {
  const whole = lines(1, 2);
  const { path, source, plan, scratch, ids, changes } = await corpus('a.jsonl', whole.slice(0, -9));
  await appendFile(path, whole.slice(-9) + lines(3));
  // As it was planned: cut off.
  const items = await readAll(source, plan.partitions, scratch);
  expect(failuresOf(items)).toMatchObject([{ kind: 'malformed', place: 'line 2 (byte 28)' }]);
  const found = await changes();
  expect(await ids(found.partitions)).toEqual(['r2', 'r3']);
  expect((await changes(found.changeToken)).partitions).toEqual([]);
});

test('a row with an open quote is read again when it is closed', async () => {
  const { path, source, plan, scratch, ids, changes } = await corpus(
    'a.csv',
    'id,text\nr1,one\nr2,"two\nand',
  );
  await appendFile(path, ' more"\nr3,three\n');
  const items = await readAll(source, plan.partitions, scratch);
  expect(recordsOf(items).map(({ id }) => id)).toEqual(['r1']);
  expect(failuresOf(items).map(({ place }) => place)).toEqual([
    'line 3 (byte 15)',
    'line 4 (byte 23)',
  ]);
  expect(await ids((await changes()).partitions)).toEqual(['r2', 'r3']);
});

test('a file that is touched, moved and copied back is read on; nothing is lost', async () => {
  const { path, ids, changes } = await corpus('a.jsonl', lines(...many));
  await utimes(path, 1, 1);
  await chmod(path, 0o600);
  await rename(path, `${path}.old`);
  await writeFile(path, lines(...many));
  expect(await ids()).toHaveLength(500);
  // Whether something in its middle was replaced cannot be seen: all of it is compared.
  expect((await changes()).records).toBe(500);
});

test('a file that was changed in its middle is read again as a whole, once its fill is over', async () => {
  const { path, ids, changes } = await corpus('a.jsonl', lines(...many));
  await writeFile(path, lines(...many.slice(0, 250), 1000, ...many.slice(250)));
  await expect(ids()).rejects.toMatchObject({ type: 'SourceChanged' });
  const found = await changes();
  expect(await ids(found.partitions)).toHaveLength(501);
  expect((await changes(found.changeToken)).partitions).toEqual([]);
});

test.each([
  ['shrank', (path: string) => truncate(path, 100), /has shrunk/],
  ['begins otherwise', (path: string) => writeFile(path, lines(7, ...many)), /was replaced/],
  ['is gone', (path: string) => rm(path), /is gone/],
])('a file that %s ends the job', async (_, change, message) => {
  const { path, ids, changes } = await corpus('a.jsonl', lines(...many));
  await change(path);
  await expect(ids()).rejects.toMatchObject({ type: 'SourceChanged' });
  await expect(changes()).rejects.toMatchObject({
    type: 'SourceChanged',
    message: expect.stringMatching(message),
  });
});

test('a packed file is unpacked once, and again when its copy is lost', async () => {
  const { scratch, ids, path, changes } = await corpus('a.jsonl.gz', gzipSync(lines(1, 2, 3, 4)));
  const [copy] = await readdir(scratch);
  await writeFile(join(scratch, copy!), lines(5, 6, 7, 8));
  expect(await ids()).toEqual(['r5', 'r6', 'r7', 'r8']);
  await rm(scratch, { recursive: true });
  expect(await ids()).toEqual(['r1', 'r2', 'r3', 'r4']);
  expect(await readdir(scratch)).toEqual([copy]);
  await utimes(path, 1, 1);
  expect((await changes()).partitions).toEqual([]);
  await appendFile(path, gzipSync(lines(9)));
  await expect(changes()).rejects.toMatchObject({ type: 'SourceChanged' });
});

test.each([
  ['cut off', gzipSync(lines(...many)).subarray(0, -20)],
  ['no gzip', Buffer.from(lines(1))],
])('a packed file that is %s is named, and leaves nothing behind', async (_, content) => {
  const { folder, scratch } = await corpusFolder();
  const location = join(folder, 'a.jsonl.gz');
  await writeFile(location, content);
  const source = await createJsonlSource(
    { kind: 'jsonl', location, name: 'a', columns: { text: ['text'], metadata: null } },
    { allowed: [], env: {} },
  );
  await expect(source.plan({ ...limits, scratch })).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(/^\S+a\.jsonl\.gz: is no whole gzip file/),
  });
  expect(await readdir(scratch)).toEqual([]);
});

test.each([
  ['a.jsonl', '{"id":"1","body":"b"}\n{"title":"t"}\n', /no column text; there is id, body, title/],
  ['a.csv', 'id,body\n1,b\n', /no column text; there is id, body/],
  ['a.csv', 'id,text,id\n', /two columns are called id/],
  ['a.csv', '', /begins with no row that names its columns/],
])('%s with %j is refused at once', async (name, content, message) => {
  await expect(corpus(name, content)).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(message),
  });
});

test('only files inside BERTH_SOURCES are opened, links followed to their end', async () => {
  const { spec, folder } = await corpus('a.jsonl', lines(1));
  const allowed = [join(folder, 'other')];
  await expect(openSource(spec, { allowed, env: {} })).rejects.toMatchObject({
    type: 'SourceNotAllowed',
    message: expect.stringMatching(/lies outside BERTH_SOURCES/),
  });
  for (const [location, message] of [
    ['a.jsonl', /expected an absolute path/],
    [folder, /is no file/],
    [join(folder, 'absent'), /does not exist/],
  ] as const) {
    await expect(openSource({ ...spec, location }, { allowed: [], env: {} })).rejects.toThrow(
      message,
    );
  }
});

test('a line over the limit is a failure, and the lines behind it are read', async () => {
  const { folder, scratch } = await corpusFolder();
  const location = join(folder, 'a.jsonl');
  const long = JSON.stringify({ id: 'long', text: 'x'.repeat(3_000_000) });
  await writeFile(location, `${lines(1)}${long}\n${lines(2)}`);
  const source = await createJsonlSource(
    { kind: 'jsonl', location, name: 'a', columns: { text: ['text'], metadata: null } },
    { allowed: [], env: {} },
    { lineLimit: 10_000 },
  );
  const plan = await source.plan({ ...limits, scratch });
  const items = await readAll(source, plan.partitions, scratch);
  expect(recordsOf(items).map(({ id }) => id)).toEqual(['r1', 'r2']);
  expect(failuresOf(items)).toMatchObject([
    {
      kind: 'too-large',
      place: 'line 2 (byte 28)',
      reason: expect.stringMatching(/3000024 bytes/),
    },
  ]);
  expect(failuresOf(items)[0]!.excerpt.length).toBeLessThanOrEqual(2000);
});

test('records without an id have that of their content', async () => {
  const { source, plan, scratch } = await corpus(
    'a.jsonl',
    '{"text":"a","b":1,"c":2}\n{"c":2,"b":1,"text":"a"}\n{"text":"a","b":2,"c":2}\n',
  );
  const [first, second, third] = recordsOf(await readAll(source, plan.partitions, scratch));
  expect(first!.id).toMatch(/^[0-9a-f]{32}$/);
  expect(second!.id).toBe(first!.id);
  expect(third!.id).not.toBe(first!.id);
});

test('chosen metadata may be nested, then it is JSON text; a key may be called __proto__', async () => {
  const { spec, scratch, path } = await corpus(
    'a.jsonl',
    '{"id":1,"text":"a","__proto__":"p","list":[1,{"b":2}],"other":3}\n',
  );
  const chosen = {
    ...spec,
    columns: { text: ['text'], metadata: ['list', '__proto__', 'absent'] },
  };
  const source = await openSource({ ...chosen, location: path }, { allowed: [], env: {} });
  const plan = await source.plan({ ...limits, scratch });
  const [record] = recordsOf(await readAll(source, plan.partitions, scratch));
  expect(JSON.stringify(record)).toBe(
    '{"id":"1","text":"a","metadata":{"list":"[1,{\\"b\\":2}]","__proto__":"p"}}',
  );
});
