import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { SealedFile } from '../../ingest/records.ts';
import { temporaryName } from '../../platform/atomicFile.ts';
import type { Paths } from '../../platform/paths.ts';
import { reportingFullDisk } from '../failures.ts';
import { listFiles, makeReadOnly, removeTree } from '../plaintext/folder.ts';
import { openTree } from '../plaintext/openTree.ts';
import { requireSharedMemory } from '../plaintext/sharedMemory.ts';
import type { Work } from '../work.ts';
import type { Staging } from './staging.ts';

export interface CandidatesDeps {
  paths: Paths;
  staging: Staging;
  /** Evicts warm copies until the bytes fit. */
  makeRoom(bytes: number, what: string): Promise<void>;
}

/** Unpublished models in shared memory, for the gate to look at exactly as a consumer would. */
export interface Candidates {
  /** Opens everything that is sealed, unless it is open already. */
  open(artifactId: string, work: Work): Promise<{ path: string; bytes: number }>;
  remove(artifactId: string): Promise<void>;
}

export function createCandidates({ paths, staging, makeRoom }: CandidatesDeps): Candidates {
  /** Folders of attempts that never finished. */
  async function removePartials(artifactId: string): Promise<void> {
    const names = await readdir(paths.candidatesRoot).catch(() => []);
    const ours = names.filter((name) => name.startsWith(`.${artifactId}.`));
    for (const name of ours) await removeTree(join(paths.candidatesRoot, name));
  }

  async function isOpen(artifactId: string, sealed: readonly SealedFile[]): Promise<boolean> {
    const files = await listFiles(paths.candidate(artifactId));
    const found = new Map(files.map(({ path, bytes }) => [path, bytes]));
    return (
      found.size === sealed.length &&
      sealed.every(({ path, plaintextBytes }) => found.get(path) === plaintextBytes)
    );
  }

  return {
    async open(artifactId, work) {
      await requireSharedMemory(paths.candidatesRoot);
      const files = await staging.sealedFiles(artifactId);
      if (files.length === 0) {
        throw berthError(
          'InvalidModel',
          `${artifactId}: nothing is sealed, so nothing can be opened`,
        );
      }
      const bytes = files.reduce((sum, { plaintextBytes }) => sum + plaintextBytes, 0);
      const path = paths.candidate(artifactId);
      if (await isOpen(artifactId, files)) return { path, bytes };
      await removePartials(artifactId);
      await removeTree(path);
      await makeRoom(bytes, `candidate ${artifactId}`);
      const folder = temporaryName(path);
      try {
        await reportingFullDisk(paths.shm, async () => {
          await mkdir(folder, { mode: 0o700 });
          await staging.withDataKey(artifactId, (dataKey) => {
            const locate = (blob: string) => join(paths.staging(artifactId).blobs, blob);
            return openTree({ artifactId, files, dataKey, locate }, folder, work);
          });
          await makeReadOnly(folder);
          await rename(folder, path);
        });
      } catch (error) {
        await removeTree(folder);
        throw error;
      }
      return { path, bytes };
    },

    async remove(artifactId) {
      await removePartials(artifactId);
      await removeTree(paths.candidate(artifactId));
    },
  };
}
