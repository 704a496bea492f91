import { z } from 'zod';
import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import { artifactIdPattern } from '../../../workflows/contracts/ids.ts';
import type { Wrap, WrapsFile } from '../../../workflows/contracts/manifest.ts';
import { wrapAad } from '../aad.ts';
import { canonicalJson, parseCanonicalJson } from '../signing/canonicalJson.ts';
import type { KeyProvider } from './keyProvider.ts';

const alg = 'A256GCM';

const wrapsSchema = z.strictObject({
  artifactId: z.string().regex(artifactIdPattern),
  wraps: z
    .array(
      z.strictObject({
        provider: z.string().min(1),
        kekId: z.string().min(1),
        alg: z.literal(alg),
        iv: z.string(),
        ct: z.string(),
        tag: z.string(),
      }),
    )
    .min(1),
});

/** Wraps a data key with every provider; any one of them opens it. Canonical JSON. */
export async function encodeWraps(
  providers: readonly KeyProvider[],
  artifactId: string,
  dataKey: Uint8Array,
): Promise<Buffer> {
  const wraps: Wrap[] = [];
  for (const provider of providers) {
    const kekId = await provider.kekId();
    const wrapped = await provider.wrap(dataKey, wrapAad(artifactId, kekId, alg));
    wraps.push({ provider: provider.name, kekId, alg, ...wrapped });
  }
  return Buffer.from(canonicalJson({ artifactId, wraps } satisfies WrapsFile), 'utf8');
}

/** @throws BerthError ArtifactCorrupt naming `file`. */
export function decodeWraps(file: string, bytes: Uint8Array, artifactId: string): Wrap[] {
  const parsed = wrapsSchema.safeParse(parseCanonicalJson(bytes));
  if (!parsed.success) {
    throw berthError('ArtifactCorrupt', `${file}: no canonical list of wraps; it was altered`);
  }
  if (parsed.data.artifactId !== artifactId) {
    throw berthError(
      'ArtifactCorrupt',
      `${file}: holds the wraps of artifact ${parsed.data.artifactId}, expected ${artifactId}; it was swapped`,
    );
  }
  return parsed.data.wraps;
}

/** Opens one wrap. @throws BerthError KeyUnavailable or ArtifactCorrupt naming `file`. */
export async function openWrap(
  providers: readonly KeyProvider[],
  file: string,
  artifactId: string,
  wrap: Wrap,
): Promise<Buffer> {
  const provider = providers.find(({ name }) => name === wrap.provider);
  if (provider === undefined) {
    throw berthError(
      'KeyUnavailable',
      `${file}: wrapped by key provider ${JSON.stringify(wrap.provider)}, which this host does not have`,
    );
  }
  try {
    return await provider.unwrap(wrap, wrapAad(artifactId, wrap.kekId, wrap.alg));
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw berthError(error.type, `${file}: ${error.message}`);
  }
}

/** Opens the data key with the first wrap that this host can open; the caller wipes it. */
export async function openDataKey(
  providers: readonly KeyProvider[],
  file: string,
  artifactId: string,
  bytes: Uint8Array,
): Promise<Buffer> {
  let failure: unknown;
  for (const wrap of decodeWraps(file, bytes, artifactId)) {
    try {
      return await openWrap(providers, file, artifactId, wrap);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
