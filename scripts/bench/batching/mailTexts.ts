import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { createTextSplitter } from '../../../activities/embeddings/nativeSplitter.ts';
import { laySampleCorpus } from '../../start/sampleCorpus.ts';

export interface MailTexts {
  /** Paragraphs of the mails' bodies. */
  paragraphs: string[];
  /** What a backfill embeds: bodies split at what the model takes. */
  chunks: string[];
}

const mails = 1000;

/** Texts of the SpamAssassin corpus in its order, at most `count` of each kind. */
export async function readMailTexts(
  count: number,
  tokenizer: string | null,
  maxTokens: number,
): Promise<MailTexts> {
  const home = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  try {
    const folder = await laySampleCorpus(home, mails);
    const splitter = await createTextSplitter({ tokenizer, maxTokens, overlapTokens: 0 });
    const paragraphs: string[] = [];
    const chunks: string[] = [];
    for (const name of (await readdir(folder)).sort()) {
      const { text = '' } = await simpleParser(await readFile(join(folder, name)));
      paragraphs.push(...text.split(/\n\s*\n/).filter((part) => /\p{L}/u.test(part)));
      for (const pieces of await splitter.split([text])) {
        chunks.push(...pieces.map((piece) => piece.text));
      }
      if (paragraphs.length >= count && chunks.length >= count) break;
    }
    return { paragraphs: paragraphs.slice(0, count), chunks: chunks.slice(0, count) };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
