import pLimit from 'p-limit';
import { verifyFile } from '../../../native/addon/index.ts';
import type { VerifyFailure } from '../../../workflows/contracts/activities.ts';
import type { Manifest, ManifestFile } from '../../../workflows/contracts/manifest.ts';
import { blobAad } from '../aad.ts';
import { corruptReason } from '../failures.ts';
import { wrongSize } from '../plaintext/openTree.ts';
import type { BlobStore } from '../store/artifactStore.ts';
import type { Work } from '../work.ts';

/** Lists blobs that are not where the manifest says, and what is there beside them. */
export async function compareBlobs(
  blobs: BlobStore,
  { artifactId, files }: Manifest,
): Promise<VerifyFailure[]> {
  const failures: VerifyFailure[] = [];
  for (const file of files) {
    const reason = await wrongSize(blobs.locate(artifactId, file.blob), file.ciphertextBytes);
    if (reason !== undefined) failures.push(failureOf(blobs, artifactId, file, reason));
  }
  const known = new Set(files.map(({ blob }) => blob));
  for (const { blob } of await blobs.list(artifactId)) {
    if (known.has(blob)) continue;
    failures.push({
      file: blobs.describe(artifactId, blob),
      reason: 'it is not in the manifest: nobody should have put it there',
    });
  }
  return failures;
}

/** Decrypts every blob: tags, both lengths, both digests. Blobs of the wrong size are left out. */
export async function verifyBlobs(
  blobs: BlobStore,
  { artifactId, files }: Manifest,
  dataKey: Uint8Array,
  work: Work,
): Promise<VerifyFailure[]> {
  // Each uses every core; a few at a time keep them busy with small files.
  const limit = pLimit(4);
  const checked = files.map((file) =>
    limit(async () => {
      const input = blobs.locate(artifactId, file.blob);
      if ((await wrongSize(input, file.ciphertextBytes)) !== undefined) return undefined;
      work.signal.throwIfAborted();
      const reason = await verifyBlob(artifactId, file, input, dataKey, work);
      return reason === undefined ? undefined : failureOf(blobs, artifactId, file, reason);
    }),
  );
  return (await Promise.all(checked)).filter((failure) => failure !== undefined);
}

async function verifyBlob(
  artifactId: string,
  file: ManifestFile,
  input: string,
  key: Uint8Array,
  work: Work,
): Promise<string | undefined> {
  const { path, plaintextBytes } = file;
  try {
    const found = await work.run(
      verifyFile({ key, aad: blobAad(artifactId, path, plaintextBytes), input, plaintextBytes }),
    );
    if (found.ciphertextSha256 !== file.ciphertextSha256) {
      return `SHA-256 ${found.ciphertextSha256}, expected ${file.ciphertextSha256}`;
    }
    if (found.plaintextSha256 !== file.plaintextSha256) {
      return `SHA-256 of its plaintext ${found.plaintextSha256}, expected ${file.plaintextSha256}`;
    }
    return undefined;
  } catch (error) {
    const reason = corruptReason(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

function failureOf(
  blobs: BlobStore,
  artifactId: string,
  { blob, path }: ManifestFile,
  reason: string,
): VerifyFailure {
  return { file: `${blobs.describe(artifactId, blob)} (${path})`, reason };
}
