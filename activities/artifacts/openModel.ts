import { berthError } from '../../workflows/contracts/errors.ts';
import type { Manifest } from '../../workflows/contracts/manifest.ts';
import { withWiped } from './keys/dataKey.ts';
import type { KeyProvider } from './keys/keyProvider.ts';
import { openDataKey } from './keys/wraps.ts';
import { openTree } from './plaintext/openTree.ts';
import type { ArtifactStore } from './store/artifactStore.ts';
import type { Work } from './work.ts';

export interface OpenModelDeps {
  store: Pick<ArtifactStore, 'wraps' | 'blobs'>;
  keyProviders: readonly KeyProvider[];
}

/**
 * Decrypts a published version into a new folder.
 * @throws BerthError ArtifactCorrupt or KeyUnavailable naming the file; NativeError ENOSPC.
 */
export async function openModel(
  { store, keyProviders }: OpenModelDeps,
  manifest: Manifest,
  folder: string,
  work: Work,
  options: { sync?: boolean } = {},
): Promise<void> {
  const { artifactId, files } = manifest;
  const file = store.wraps.describe(artifactId);
  const bytes = await store.wraps.get(artifactId);
  if (bytes === undefined) {
    throw berthError(
      'KeyUnavailable',
      `${file}: missing, so nothing opens ${manifest.name} any more; restore it from a backup`,
    );
  }
  await withWiped(await openDataKey(keyProviders, file, artifactId, bytes), (dataKey) => {
    const locate = (blob: string) => store.blobs.locate(artifactId, blob);
    return openTree({ artifactId, files, dataKey, locate }, folder, work, options);
  });
}
