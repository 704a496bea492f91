import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blobAad } from '../../activities/artifacts/aad.ts';
import type { Staging } from '../../activities/artifacts/staging/staging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { openFile } from '../../native/addon/index.ts';

/** Decrypts everything that is sealed in staging into a folder. @returns the paths. */
export async function openStaged(
  { paths, staging }: { paths: Paths; staging: Staging },
  artifactId: string,
  folder: string,
): Promise<string[]> {
  const sealed = await staging.sealedFiles(artifactId);
  await staging.withDataKey(artifactId, async (key) => {
    for (const { path, blob, plaintextBytes } of sealed) {
      const output = join(folder, path);
      await mkdir(dirname(output), { recursive: true });
      const input = join(paths.staging(artifactId).blobs, blob);
      const aad = blobAad(artifactId, path, plaintextBytes);
      await openFile({ key, aad, input, output, plaintextBytes }).result;
    }
  });
  return sealed.map(({ path }) => path).sort();
}
