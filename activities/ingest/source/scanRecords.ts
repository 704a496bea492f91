import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { readJson, writeJsonAtomic } from '../../platform/atomicFile.ts';
import { fileIdentitySchema } from '../records.ts';
import type { KnownFile } from './identity.ts';

const recordSchema = z.object({
  path: z.string(),
  identity: fileIdentitySchema,
  sha256: z.string(),
});

/** Files that were read to their end and found finite, so that a retry does not read them again. */
export interface ScanRecords {
  /** @returns hex SHA-256 of the file as it is now; undefined when that was never scanned. */
  find(file: KnownFile): Promise<string | undefined>;
  add(file: KnownFile, sha256: string): Promise<void>;
}

export function createScanRecords(folder: string): ScanRecords {
  const place = ({ path }: KnownFile) =>
    join(folder, `${createHash('sha256').update(path).digest('hex')}.json`);
  return {
    async find(file) {
      // A damaged record costs one more read of the file, nothing else.
      const record = await readJson(place(file), recordSchema).catch(() => undefined);
      if (record === undefined || record.path !== file.path) return undefined;
      return isDeepStrictEqual(record.identity, file.identity) ? record.sha256 : undefined;
    },
    add(file, sha256) {
      const { path, identity } = file;
      return writeJsonAtomic(place(file), { path, identity, sha256 });
    },
  };
}
