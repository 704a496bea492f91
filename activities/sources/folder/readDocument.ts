import { convert } from 'html-to-text';
import { simpleParser } from 'mailparser';
import { parse as parseYaml } from 'yaml';
import type { Row } from '../records/recordReader.ts';
import type { DocumentKind } from './fileKind.ts';

/** What a document cannot be read for. */
export type UnreadDocument = { kind: 'malformed' | 'invalid-utf8'; reason: string };

const frontMatter = /^---[ \t]*\r?\n([\s\S]*?)(?:^|\r?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const noLimit = { maxInputLength: Number.MAX_SAFE_INTEGER };

/**
 * Text and properties of a file: Markdown's front matter (YAML), an HTML page's title, a mail's
 * subject, sender, date and message id.
 */
export async function readDocument(
  kind: Exclude<DocumentKind, 'mbox'>,
  bytes: Buffer,
): Promise<{ row: Row } | { problem: UnreadDocument }> {
  if (kind === 'mail') return readMail(bytes);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { problem: { kind: 'invalid-utf8', reason: 'the file is no UTF-8; convert it' } };
  }
  if (kind === 'markdown') return readMarkdown(text);
  return { row: kind === 'html' ? readHtml(text) : { text } };
}

function readMarkdown(text: string): { row: Row } | { problem: UnreadDocument } {
  const found = frontMatter.exec(text);
  if (found === null) return { row: { text } };
  try {
    const fields: unknown = parseYaml(found[1] ?? '') ?? {};
    if (typeof fields === 'object' && !Array.isArray(fields)) {
      return { row: { ...fields, text: text.slice(found[0].length) } };
    }
  } catch (error) {
    const reason = `its front matter is no YAML: ${(error as Error).message}`;
    return { problem: { kind: 'malformed', reason } };
  }
  // A horizontal rule at the beginning, and a text.
  return { row: { text } };
}

function readHtml(html: string): Row {
  const text = convert(html, {
    wordwrap: false,
    limits: noLimit,
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'img', format: 'skip' },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
        selector,
        options: { uppercase: false },
      })),
    ],
  });
  const baseElements = { selectors: ['title'], returnDomByDefault: false };
  const title = convert(html, { wordwrap: false, limits: noLimit, baseElements });
  return { text, title: title === '' ? null : title };
}

async function readMail(bytes: Buffer): Promise<{ row: Row } | { problem: UnreadDocument }> {
  try {
    const mail = await simpleParser(withoutEnvelope(bytes), {
      skipTextToHtml: true,
      skipImageLinks: true,
    });
    const row: Row = {
      // Made of the HTML body where there is no other.
      text: mail.text ?? '',
      subject: mail.subject ?? null,
      from: mail.from?.text ?? null,
      date: mail.date ?? null,
      messageId: mail.messageId ?? null,
    };
    return { row };
  } catch (error) {
    return { problem: { kind: 'malformed', reason: `no mail: ${(error as Error).message}` } };
  }
}

/** An mbox's line before the header, as single mails of public corpora have it, too. */
function withoutEnvelope(bytes: Buffer): Buffer {
  return bytes.subarray(0, 5).toString('latin1') === 'From '
    ? bytes.subarray(bytes.indexOf(10) + 1)
    : bytes;
}
