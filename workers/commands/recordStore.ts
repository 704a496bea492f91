import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { readJson, writeJsonAtomic } from '../../activities/platform/atomicFile.ts';
import type { Logger } from '../../activities/platform/logging.ts';

/** What a supervisor that starts again has to know: one file a record. */
export interface RecordStore<T> {
  save(record: T): Promise<void>;
  remove(id: string): Promise<void>;
  /** Records of an earlier supervisor; one that cannot be read is reported and left where it is. */
  load(): Promise<T[]>;
}

export interface RecordStoreOptions<T> {
  folder: string;
  schema: z.ZodType<T>;
  /** Names the file. */
  idOf(record: T): string;
  logger: Logger;
}

export function createRecordStore<T>(options: RecordStoreOptions<T>): RecordStore<T> {
  const { folder, schema, idOf, logger } = options;
  const fileOf = (id: string) => join(folder, `${id}.json`);
  return {
    save: (record) => writeJsonAtomic(fileOf(idOf(record)), record),
    remove: (id) => rm(fileOf(id), { force: true }),
    async load() {
      const names = await readdir(folder).catch(() => []);
      const records: T[] = [];
      for (const name of names.filter((name) => /^[^.].*\.json$/.test(name)).sort()) {
        try {
          const record = await readJson(join(folder, name), schema);
          if (record !== undefined) records.push(record);
        } catch (error) {
          logger.error({ error: String(error) }, 'a record of an earlier run cannot be read');
        }
      }
      return records;
    },
  };
}
