import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { openFile } from '../../../native/addon/index.ts';
import { type BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import type { ManifestFile } from '../../../workflows/contracts/manifest.ts';
import { blobAad } from '../aad.ts';
import { corruptReason } from '../failures.ts';
import type { Work } from '../work.ts';

/** Encrypted files of one artifact and the key that opens them. */
export interface SealedTree {
  artifactId: string;
  files: readonly ManifestFile[];
  dataKey: Uint8Array;
  /** Where a blob's bytes are. */
  locate(blob: string): string;
}

/** Each open uses every core already; a few at a time keep them busy with small files. */
const filesAtOnce = 4;

/**
 * Decrypts every file of an artifact below `folder`, which must be new; nothing there is complete
 * before the promise resolves. The caller removes the folder when it rejects.
 * @param sync fsync the files: on a disk, not in shared memory.
 * @throws BerthError ArtifactCorrupt naming the blob, its file and the reason; NativeError ENOSPC.
 */
export async function openTree(
  tree: SealedTree,
  folder: string,
  work: Work,
  { sync = false }: { sync?: boolean } = {},
): Promise<void> {
  for (const parent of new Set(tree.files.map(({ path }) => dirname(path)))) {
    await mkdir(join(folder, parent), { recursive: true, mode: 0o700 });
  }
  const limit = pLimit(filesAtOnce);
  const largestFirst = [...tree.files].sort((a, b) => b.plaintextBytes - a.plaintextBytes);
  let failure: { error: unknown } | undefined;
  const opened = largestFirst.map((file) =>
    limit(async () => {
      if (failure !== undefined) return;
      try {
        await openOne(tree, file, join(folder, file.path), work, sync);
      } catch (error) {
        // The rest stops too, but it is this failure that is told.
        failure ??= { error };
        work.cancel();
      }
    }),
  );
  await Promise.all(opened);
  if (failure !== undefined) throw failure.error;
  work.signal.throwIfAborted();
}

async function openOne(
  { artifactId, dataKey, locate }: SealedTree,
  file: ManifestFile,
  output: string,
  work: Work,
  sync: boolean,
): Promise<void> {
  const input = locate(file.blob);
  const sizeReason = await wrongSize(input, file.ciphertextBytes);
  if (sizeReason !== undefined) throw corruptBlob(input, file, sizeReason);
  try {
    await work.run(
      openFile({
        key: dataKey,
        aad: blobAad(artifactId, file.path, file.plaintextBytes),
        input,
        output,
        plaintextBytes: file.plaintextBytes,
        sync,
      }),
    );
  } catch (error) {
    const reason = corruptReason(error);
    throw reason === undefined ? error : corruptBlob(input, file, reason);
  }
}

/** Why a blob cannot be whole, judged by its size alone. */
export async function wrongSize(path: string, expected: number): Promise<string | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return 'it is missing';
  if (found.size === expected) return undefined;
  const how = found.size < expected ? 'truncated' : 'extended';
  return `it was ${how}: ${found.size} bytes, expected ${expected}`;
}

function corruptBlob(input: string, { path }: ManifestFile, reason: string): BerthError {
  return berthError(
    'ArtifactCorrupt',
    `blob ${input} of ${path}: ${reason}; restore it from a backup or ingest the model again`,
  );
}
