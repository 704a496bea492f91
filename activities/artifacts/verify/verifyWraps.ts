import type { VerifyFailure } from '../../../workflows/contracts/activities.ts';
import { BerthError } from '../../../workflows/contracts/errors.ts';
import type { KeyProvider } from '../keys/keyProvider.ts';
import { decodeWraps, openWrap } from '../keys/wraps.ts';
import type { ArtifactStore } from '../store/artifactStore.ts';

/**
 * Opens every wrap, not only the first that will do. The caller wipes the data key, which is
 * undefined when no wrap opens.
 */
export async function verifyWraps(
  store: Pick<ArtifactStore, 'wraps'>,
  keyProviders: readonly KeyProvider[],
  artifactId: string,
): Promise<{ dataKey: Buffer | undefined; failures: VerifyFailure[] }> {
  const file = store.wraps.describe(artifactId);
  const failures: VerifyFailure[] = [];
  let dataKey: Buffer | undefined;
  try {
    const bytes = await store.wraps.get(artifactId);
    if (bytes === undefined) {
      return { dataKey, failures: [{ file, reason: 'it is missing; nothing opens the blobs' }] };
    }
    for (const wrap of decodeWraps(file, bytes, artifactId)) {
      try {
        const opened = await openWrap(keyProviders, file, artifactId, wrap);
        if (dataKey === undefined) {
          dataKey = opened;
          continue;
        }
        const same = dataKey.equals(opened);
        opened.fill(0);
        if (!same) failures.push({ file, reason: `${wrap.provider} wraps another data key` });
      } catch (error) {
        failures.push({ file, reason: reasonOf(error, file) });
      }
    }
  } catch (error) {
    failures.push({ file, reason: reasonOf(error, file) });
  }
  return { dataKey, failures };
}

/** The message of a failure without the file that it begins with. Other errors are thrown on. */
export function reasonOf(error: unknown, file: string): string {
  if (!(error instanceof BerthError)) throw error;
  return error.message.startsWith(`${file}: `)
    ? error.message.slice(file.length + 2)
    : error.message;
}
