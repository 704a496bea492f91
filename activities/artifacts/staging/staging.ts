import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { SealedFile } from '../../ingest/records.ts';
import { createFileOnce } from '../../platform/createOnce.ts';
import type { Paths } from '../../platform/paths.ts';
import { reportingFullDisk } from '../failures.ts';
import { withFreshDataKey, withWiped } from '../keys/dataKey.ts';
import type { KeyProvider } from '../keys/keyProvider.ts';
import { encodeWraps, openDataKey } from '../keys/wraps.ts';
import { isTreePath } from '../treePath.ts';
import { createSealedRecords } from './sealedRecords.ts';
import { type OnJob, sealIntoBlob } from './sealFile.ts';

export interface StagingDeps {
  paths: Paths;
  keyProviders: readonly KeyProvider[];
}

export interface FileToSeal {
  /** Path in the plaintext tree. */
  path: string;
  /** File that holds the plaintext: scratch, or the source for what is carried along. */
  input: string;
  /** Shards only: what it holds, for the index. */
  tensors?: SealedFile['tensors'];
}

/** Encrypted files of an artifact on their way to the store. Everything may be called again. */
export interface Staging {
  /** Makes the folder and the artifact's data key; of several calls the first one's key stays. */
  begin(artifactId: string): Promise<void>;
  /**
   * Encrypts a file; fsynced and recorded before it resolves. A path that is sealed already
   * returns its record, and the input is not read.
   */
  seal(artifactId: string, file: FileToSeal, options?: { onJob?: OnJob }): Promise<SealedFile>;
  sealedFiles(artifactId: string): Promise<SealedFile[]>;
  /** Runs with the artifact's data key, which is wiped afterwards. */
  withDataKey<T>(artifactId: string, use: (dataKey: Buffer) => Promise<T>): Promise<T>;
}

export function createStaging({ paths, keyProviders }: StagingDeps): Staging {
  async function withDataKey<T>(artifactId: string, use: (dataKey: Buffer) => Promise<T>) {
    const { wraps } = paths.staging(artifactId);
    const bytes = await readFile(wraps).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw berthError(
        'KeyUnavailable',
        `${wraps}: missing; the job was discarded, start it again`,
      );
    });
    return withWiped(await openDataKey(keyProviders, wraps, artifactId, bytes), use);
  }

  return {
    withDataKey,

    async begin(artifactId) {
      const { root, wraps, sealed, blobs } = paths.staging(artifactId);
      await reportingFullDisk(root, async () => {
        for (const folder of [root, sealed, blobs]) {
          await mkdir(folder, { recursive: true, mode: 0o700 });
        }
        await withFreshDataKey(async (dataKey) => {
          await createFileOnce(wraps, await encodeWraps(keyProviders, artifactId, dataKey));
        });
      });
    },

    async seal(artifactId, { path, input, tensors }, { onJob } = {}) {
      if (!isTreePath(path)) {
        throw berthError('InvalidRequest', `${JSON.stringify(path)}: no path for a model's file`);
      }
      const { sealed, blobs } = paths.staging(artifactId);
      const records = createSealedRecords(sealed);
      const known = await records.find(path);
      if (known !== undefined) return known;
      const file = await withDataKey(artifactId, (dataKey) =>
        sealIntoBlob({ artifactId, path, input, blobs, dataKey }, onJob),
      );
      const record: SealedFile = tensors === undefined ? file : { ...file, tensors };
      const added = await reportingFullDisk(sealed, () => records.add(record));
      if (added) return record;
      await rm(join(blobs, file.blob), { force: true });
      return (await records.find(path)) ?? record;
    },

    sealedFiles: (artifactId) => createSealedRecords(paths.staging(artifactId).sealed).list(),
  };
}
