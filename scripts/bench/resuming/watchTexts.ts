import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { numberOf } from '../backfilling/corpus.ts';

/** A record's text that was given to a bridge. */
export interface SentText {
  record: number;
  /** performance.now() when it was seen. */
  at: number;
}

export interface TextWatch {
  /** Every text as often as a bridge got it, whatever became of that. */
  sent(): SentText[];
  /** Records that any bridge ever got. */
  distinct(): number;
  stop(): void;
}

/** A bridge takes longer for its texts; a looked-for file is there as long as it works on them. */
const lookEveryMs = 15;

/**
 * Counts what bridges are given to embed: each call's texts lie in a file of its own in shared memory
 * while it lasts, and what a killed worker leaves stays until its job ends. Neither results nor logs
 * know of work that was lost.
 */
export function watchTexts(pagesRoot: string): TextWatch {
  const files = new Map<string, { size: number; sent: SentText[] }>();
  const look = () => {
    for (const job of listed(pagesRoot)) {
      const folder = join(pagesRoot, job, 'texts');
      for (const name of listed(folder)) {
        if (!name.endsWith('.jsonl')) continue;
        const path = join(folder, name);
        const text = read(path);
        const known = files.get(path);
        if (text === undefined || text.length === known?.size) continue;
        const at = known?.sent[0]?.at ?? performance.now();
        const sent = text.split('\n').flatMap((line) => {
          const record = numberOf(line.replace(/^"/, ''));
          return record === undefined ? [] : [{ record, at }];
        });
        files.set(path, { size: text.length, sent });
      }
    }
  };
  const timer = setInterval(look, lookEveryMs);
  const sent = () => [...files.values()].flatMap((file) => file.sent);
  return {
    sent,
    distinct: () => new Set(sent().map(({ record }) => record)).size,
    stop: () => clearInterval(timer),
  };
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
