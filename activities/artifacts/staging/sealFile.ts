import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NativeError, sealFile } from '../../../native/addon/index.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { SealedFile } from '../../ingest/records.ts';
import { syncDirectory, temporaryName } from '../../platform/atomicFile.ts';
import type { WatchedJob } from '../../platform/heartbeat.ts';
import { blobAad } from '../aad.ts';
import { reportingFullDisk } from '../failures.ts';

export interface SealRequest {
  artifactId: string;
  /** Path in the plaintext tree. */
  path: string;
  /** File that holds the plaintext. */
  input: string;
  /** Folder of the artifact's blobs. */
  blobs: string;
  dataKey: Uint8Array;
}

/** Lets the caller watch the native job: await it, heartbeat, cancel. Default: just await it. */
export type OnJob = <T>(job: WatchedJob<T>) => Promise<T> | undefined;

/**
 * Encrypts one file into a blob with a random name: every attempt makes a blob of its own, so that
 * an old attempt that still runs can never write over the blob of a newer one.
 * @throws BerthError ScratchLost when the input is gone, SourceChanged when it changes meanwhile.
 */
export async function sealIntoBlob(
  { artifactId, path, input, blobs, dataKey }: SealRequest,
  onJob: OnJob | undefined,
): Promise<SealedFile> {
  const plaintextBytes = await sizeOf(input, path);
  await mkdir(blobs, { recursive: true, mode: 0o700 });
  const blob = randomBytes(8).toString('hex');
  const output = join(blobs, blob);
  const temporary = temporaryName(output);
  try {
    const job = sealFile({
      key: dataKey,
      aad: blobAad(artifactId, path, plaintextBytes),
      input,
      output: temporary,
    });
    const sealed = await reportingFullDisk(blobs, async () => (await onJob?.(job)) ?? job.result);
    // The length is in the associated data: another one would make a blob that never opens.
    if (sealed.plaintextBytes !== plaintextBytes) throw changed(input);
    await rename(temporary, output);
    await syncDirectory(blobs);
    const { plaintextSha256, ciphertextBytes, ciphertextSha256 } = sealed;
    return { path, blob, plaintextBytes, plaintextSha256, ciphertextBytes, ciphertextSha256 };
  } catch (error) {
    await rm(temporary, { force: true });
    if (!(error instanceof NativeError)) throw error;
    if (error.code === 'SOURCE_CHANGED') throw changed(input);
    if (error.code === 'ENOENT') await sizeOf(input, path);
    throw error;
  }
}

async function sizeOf(input: string, path: string): Promise<number> {
  try {
    return (await stat(input)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw berthError(
      'ScratchLost',
      `${input}: plaintext of ${path} is gone; it must be made again`,
    );
  }
}

function changed(input: string) {
  return berthError('SourceChanged', `${input}: changed while it was sealed; start again`);
}
