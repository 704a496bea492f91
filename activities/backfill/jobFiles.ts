import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Paths } from '../platform/paths.ts';
import type { RecordFailure } from '../sources/recordSource.ts';
import { writeDeadLetters } from './deadLetters.ts';
import { type Page, readPageFile, writePageFile } from './pageFile.ts';
import { describePage, formatPage, type PageKey } from './pageName.ts';
import { createUseLedger, type UseLedger } from './useLedger.ts';

/** Everything that the pages of a job keep on its host. */
export interface JobFiles {
  useLedger: UseLedger;
  /** @throws BerthError OutOfSpace */
  writePage(jobId: string, key: PageKey, page: Page): Promise<void>;
  /** @throws BerthError PageLost */
  readPage(jobId: string, key: PageKey): Promise<Page>;
  /** Absent is no error. */
  removePage(jobId: string, key: PageKey): Promise<void>;
  /** Those of a partition, and what killed attempts left of them. */
  removePages(jobId: string, partition: number): Promise<void>;
  /** @throws BerthError OutOfSpace */
  writeDeadLetters(
    jobId: string,
    key: PageKey,
    store: string | null,
    failures: readonly RecordFailure[],
  ): Promise<void>;
}

export function createJobFiles(paths: Paths): JobFiles {
  const pageFile = (jobId: string, key: PageKey) =>
    join(paths.pages(jobId), `${formatPage(key)}.page`);
  return {
    useLedger: createUseLedger(paths),
    writePage: (jobId, key, page) => writePageFile(pageFile(jobId, key), page),
    readPage: (jobId, key) => readPageFile(pageFile(jobId, key), describePage(key)),
    removePage: (jobId, key) => rm(pageFile(jobId, key), { force: true }),
    async removePages(jobId, partition) {
      const folder = paths.pages(jobId);
      const own = new RegExp(`^\\.?${partition}-\\d+\\.page`);
      for (const name of await namesIn(folder)) {
        if (own.test(name)) await rm(join(folder, name), { force: true });
      }
    },
    writeDeadLetters: (jobId, key, store, failures) =>
      writeDeadLetters(paths, jobId, key, store, failures),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
