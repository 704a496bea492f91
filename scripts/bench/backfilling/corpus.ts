import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMailTexts } from '../batching/mailTexts.ts';

export interface CorpusRecord {
  id: string;
  text: string;
  number: number;
}

export interface Corpus {
  /** JSONL, a line a record. */
  path: string;
  name: string;
  records: CorpusRecord[];
}

/** Makes corpora, no text of which occurs twice or in another one: no cache helps. */
export type WriteCorpus = (records?: number) => Promise<Corpus>;

/** @param longest characters of a text without its number */
export async function createCorpora(
  folder: string,
  records: number,
  longest: number,
): Promise<WriteCorpus> {
  const { paragraphs } = await readMailTexts(records, null, 256);
  let made = 0;
  return async (count = records) => {
    made += 1;
    const name = `corpus-${made}`;
    const all = Array.from({ length: count }, (_, number) => {
      const text = (paragraphs[number % paragraphs.length] ?? '').slice(0, longest);
      const label = `${made}.${number}`;
      // At its end, too: a text of rare words may be more than one chunk.
      return { id: `note-${number}`, text: `Note ${label}: ${text} (${label})`, number };
    });
    const path = join(folder, `${name}.jsonl`);
    await writeFile(path, all.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return { path, name, records: all };
  };
}

/** Of a text of a corpus, its record's number; undefined for a later chunk. */
export function numberOf(text: string): number | undefined {
  const number = /^Note \d+\.(\d+):/.exec(text)?.[1];
  return number === undefined ? undefined : Number(number);
}
