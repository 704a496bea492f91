import { extname } from 'node:path';

export const documentKinds = ['text', 'markdown', 'html', 'mail', 'mbox'] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** `misnamed`: the name is no UTF-8. `special`: a pipe, a socket or a device. Neither is read. */
export const entryKinds = [...documentKinds, 'misnamed', 'special'] as const;
export type EntryKind = (typeof entryKinds)[number];

const byExtension: Record<string, DocumentKind> = {
  '.txt': 'text',
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.html': 'html',
  '.htm': 'html',
  '.eml': 'mail',
  '.mbox': 'mbox',
};

/**
 * By a file's name; `unknown` for names that mails have in mail folders and public corpora (no
 * ending, or a digest, a time, flags): their content decides.
 * @returns undefined for other files
 */
export function kindOfName(path: string): DocumentKind | 'unknown' | undefined {
  const extension = extname(path).toLowerCase();
  const kind = byExtension[extension];
  if (kind !== undefined) return kind;
  return /^\.[a-z][a-z0-9]{0,5}$/.test(extension) ? undefined : 'unknown';
}

/** RFC 5322: fields of a header, which an mbox's `From ` line may precede. */
const header = /^(?:From [^\n]*\n)?(?:[\x21-\x39\x3b-\x7e]+:[^\n]*\n(?:[ \t][^\n]*\n)*){2}/;
const usual = /^(?:from|to|subject|date|received|return-path|message-id|delivered-to):/im;

/** @param head The first few KiB */
export function looksLikeMail(head: Buffer): boolean {
  const text = head.toString('latin1').replaceAll('\r\n', '\n');
  return header.test(text) && usual.test(text.slice(0, 2000));
}
