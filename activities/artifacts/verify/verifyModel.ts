import type { VerifyFailure, VerifyResult } from '../../../workflows/contracts/activities.ts';
import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import { parseModelRef } from '../../../workflows/contracts/ids.ts';
import type { Catalogue, ResolvedModel } from '../catalogue/catalogue.ts';
import type { KeyProvider } from '../keys/keyProvider.ts';
import { storedBytes } from '../manifest.ts';
import type { Trust } from '../signing/trust.ts';
import type { ArtifactStore } from '../store/artifactStore.ts';
import type { SeenTags } from '../tags/seenTags.ts';
import type { Tags } from '../tags/tags.ts';
import type { Work } from '../work.ts';
import { compareBlobs, verifyBlobs } from './verifyBlobs.ts';
import { verifyManifestBundle } from './verifyBundle.ts';
import { verifyTags } from './verifyTags.ts';
import { verifyWraps } from './verifyWraps.ts';

export interface VerifyDeps {
  store: ArtifactStore;
  catalogue: Catalogue;
  trust: Trust;
  tags: Tags;
  seen: SeenTags;
  keyProviders: readonly KeyProvider[];
}

/**
 * Reads everything that is stored of a version again and lists all that is wrong with it.
 * @throws BerthError only where there is nothing to verify: InvalidRequest, ArtifactNotFound
 */
export async function verifyModel(
  deps: VerifyDeps,
  ref: string,
  work: Work,
): Promise<VerifyResult> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const parsed = parseModelRef(ref);
  if (parsed === undefined) throw berthError('InvalidRequest', `${ref}: no model reference`);
  const { name, tag } = parsed;
  const tagFailures = await verifyTags(deps, name);
  const tagFile = tag && deps.store.tags.describe({ name, tag });
  let model: ResolvedModel;
  try {
    model = await deps.catalogue.resolve(ref);
  } catch (error) {
    const failures = unresolved(error, tagFailures, tagFile);
    return { ok: false, artifact: ref, files: 0, bytes: 0, seconds: seconds(), failures };
  }
  const failures = [...tagFailures, ...(await verifyVersion(deps, model, work))];
  return {
    ok: failures.length === 0,
    artifact: `${name}@sha256:${model.digest}`,
    files: model.manifest.files.length,
    bytes: storedBytes(model.manifest),
    seconds: seconds(),
    failures,
  };
}

/** Nothing below can be checked when the tag or the manifest does not verify. */
function unresolved(
  error: unknown,
  tagFailures: VerifyFailure[],
  tagFile: string | undefined,
): VerifyFailure[] {
  if (!(error instanceof BerthError)) throw error;
  if (tagFailures.some(({ file }) => file === tagFile)) return tagFailures;
  if (error.type === 'ArtifactNotFound') throw error;
  const colon = error.message.indexOf(': ');
  const file = error.message.slice(0, colon);
  return [...tagFailures, { file, reason: error.message.slice(colon + 2) }];
}

async function verifyVersion(
  { store, trust, keyProviders }: VerifyDeps,
  { manifest, digest }: ResolvedModel,
  work: Work,
): Promise<VerifyFailure[]> {
  const failures = await verifyManifestBundle(manifest, trust, store.manifests.describe(digest));
  failures.push(...(await compareBlobs(store.blobs, manifest)));
  const wraps = await verifyWraps(store, keyProviders, manifest.artifactId);
  failures.push(...wraps.failures);
  if (wraps.dataKey === undefined) return failures;
  try {
    failures.push(...(await verifyBlobs(store.blobs, manifest, wraps.dataKey, work)));
  } finally {
    wraps.dataKey.fill(0);
  }
  return failures;
}
