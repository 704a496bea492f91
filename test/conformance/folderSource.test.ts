import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openSource } from '../../activities/sources/openSource.ts';
import type { SourceRecord } from '../../activities/sources/recordSource.ts';
import { corpusFolder } from '../support/sources/corpusFolder.ts';
import { type Corpus, describeRecordSource } from './recordSource.ts';

interface Document {
  content: string;
  record: SourceRecord;
}

const date = '2026-01-02T03:04:05.000Z';
const header = (number: number): string =>
  [
    'From: "Ann" <ann@example.org>',
    `Subject: =?UTF-8?Q?M=C3=A4il_${number}?=`,
    'Date: Fri, 02 Jan 2026 03:04:05 +0000',
    `Message-ID: <m${number}@example.org>`,
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Transfer-Encoding: quoted-printable',
  ].join('\n');
const mailMetadata = (number: number) => ({
  subject: `Mäil ${number}`,
  from: '"Ann" <ann@example.org>',
  date,
  messageId: `<m${number}@example.org>`,
});

const kinds: ((number: number) => Document)[] = [
  (number) => ({
    content: `Plain ${number} „ünï“`,
    record: { id: `a/text ${number}.txt`, text: `Plain ${number} „ünï“`, metadata: {} },
  }),
  (number) => ({
    content: `---\ntitle: Page ${number}\nid: 7\ntags: [a, b]\n---\n# Head ${number}\n`,
    record: {
      id: `b/${number}.md`,
      text: `# Head ${number}\n`,
      metadata: { title: `Page ${number}`, id: 7 },
    },
  }),
  (number) => ({
    content: `<html><head><title>T&amp;${number}</title><style>p{}</style></head><body><p>One <a href="http://x">two</a></p><script>x</script></body></html>`,
    record: { id: `b/c/${number}.html`, text: 'One two', metadata: { title: `T&${number}` } },
  }),
  (number) => ({
    content: `${header(number)}\n\nf=FCr ${number}\n`,
    record: { id: `b/c.d/${number}.eml`, text: `für ${number}\n`, metadata: mailMetadata(number) },
  }),
  (number) => ({
    content: `From ann@example.org Thu Aug 22 12:36:23 2002\n${header(number)}\n\nf=FCr ${number}\n`,
    record: {
      id: `z/000${number}.7c53336b37003a9286aba55d2945844c`,
      text: `für ${number}\n`,
      metadata: mailMetadata(number),
    },
  }),
];

const bad: [string, Buffer, Corpus['failures'][number]][] = [
  ['b/bad.txt', Buffer.from('\xff', 'latin1'), 'invalid-utf8'],
  ['empty.md', Buffer.from('---\ntitle: nothing\n---\n \n'), 'empty-text'],
  ['front.md', Buffer.from('---\ntitle: [unclosed\n---\ntext'), 'malformed'],
  ['none.html', Buffer.from('<html><body><img src="x"></body></html>'), 'empty-text'],
];

async function lay(root: string, path: string, content: string | Buffer): Promise<void> {
  await mkdir(join(root, dirname(path)), { recursive: true });
  await writeFile(join(root, path), content);
}

const opener = (root: string) => () =>
  openSource(
    { kind: 'folder', location: root, name: 'corpus', columns: { text: ['text'], metadata: null } },
    { allowed: [root], env: {} },
  );

describeRecordSource('folder', async (count, withBad) => {
  const { folder, scratch } = await corpusFolder();
  const root = join(folder, 'corpus');
  await mkdir(root);
  const documents = Array.from({ length: count }, (_, number) =>
    kinds[number % kinds.length]!(number),
  );
  for (const { record, content } of documents) await lay(root, record.id, content);
  if (withBad) for (const [path, content] of bad) await lay(root, path, content);
  // Neither is a document.
  await lay(root, '.hidden/a.txt', 'hidden');
  await lay(root, 'b/picture.png', 'From: a\nTo: b\n\nc');
  await lay(root, 'LICENSE', 'A text without an ending: see below\nand no mail.');
  return {
    open: opener(root),
    scratch,
    records: documents.map(({ record }) => record),
    failures: withBad ? bad.map(([, , kind]) => kind) : [],
    async rewrite() {
      await rm(scratch, { recursive: true });
      await appendFile(join(root, documents[3]!.record.id), 'more');
    },
    async change() {
      const changed = { id: 'a/text 0.txt', text: 'Another text', metadata: {} };
      const added = { id: 'b/c/new.md', text: 'New', metadata: {} };
      await lay(root, changed.id, changed.text);
      await lay(root, added.id, added.text);
      return [changed, added];
    },
  };
});

describeRecordSource(
  'folder, mbox',
  async (count, withBad) => {
    const { folder, scratch } = await corpusFolder();
    const root = join(folder, 'corpus');
    await mkdir(root);
    const records: SourceRecord[] = [];
    const boxes = new Map<string, string>();
    for (let number = 0; number < count; number += 1) {
      const path = `box${Math.floor(number / 10)}.mbox`;
      const own = number % 2 === 0 ? `m${number}@example.org` : undefined;
      const lines = header(number).split('\n');
      const shown = own === undefined ? lines.filter((line) => !/^Message-ID/.test(line)) : lines;
      const body = `>From here, f=FCr ${number}\n\nFrom\n`;
      const box = boxes.get(path) ?? '';
      const broken = withBad && number % 10 === 3;
      const text = broken ? '' : body;
      boxes.set(path, `${box}From a@b Thu Aug 22 12:36:23 2002\n${shown.join('\n')}\n\n${text}\n`);
      if (broken) continue;
      const { messageId, ...metadata } = mailMetadata(number);
      records.push({
        id: `${path}#${own ?? (number % 10) + 1}`,
        text: `From here, für ${number}\n\nFrom\n\n`,
        metadata: own === undefined ? metadata : { ...metadata, messageId },
      });
    }
    for (const [path, content] of boxes) await lay(root, path, content);
    return {
      open: opener(root),
      scratch,
      records,
      failures: withBad
        ? Array.from({ length: count }, (_, number) => number)
            .filter((number) => number % 10 === 3)
            .map(() => 'empty-text')
        : [],
    };
  },
  [],
);
