import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type SealedFile, sealedFileSchema } from '../../ingest/records.ts';
import { readJson } from '../../platform/atomicFile.ts';
import { createFileOnce } from '../../platform/createOnce.ts';
import { isPartial, listFolder } from '../store/partials.ts';

/** Records of sealed files in `staging/<artifactId>/sealed`, one a file; the first one stands. */
export function createSealedRecords(folder: string) {
  // A path may hold slashes: its hash names the record.
  const pathOf = (path: string) =>
    join(folder, `${createHash('sha256').update(path).digest('hex')}.json`);

  return {
    find: (path: string) => readJson(pathOf(path), sealedFileSchema),

    /** @returns false when another attempt recorded the file first. */
    add: (file: SealedFile) => createFileOnce(pathOf(file.path), JSON.stringify(file)),

    async list(): Promise<SealedFile[]> {
      const names = (await listFolder(folder)).filter((name) => !isPartial(name));
      const records = await Promise.all(
        names.map((name) => readJson(join(folder, name), sealedFileSchema)),
      );
      return records.filter((record) => record !== undefined);
    },
  };
}
