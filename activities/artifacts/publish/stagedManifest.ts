import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublishInput } from '../../../workflows/contracts/activities.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { inspectionSchema, modulesSchema, shardPlanSchema } from '../../ingest/records.ts';
import { readJson } from '../../platform/atomicFile.ts';
import { createFileOnce } from '../../platform/createOnce.ts';
import { berthVersion } from '../../platform/packageRoot.ts';
import type { Paths } from '../../platform/paths.ts';
import { type OpenedManifest, openManifest, signManifest } from '../manifest.ts';
import { createOmsBundle } from '../oms/createBundle.ts';
import type { SigningKey } from '../signing/signingKey.ts';
import type { Trust } from '../signing/trust.ts';
import type { Staging } from '../staging/staging.ts';
import { describeManifest, missingFiles, type PublishRecords, treeOf } from './describeManifest.ts';

export interface StagedManifestDeps {
  paths: Paths;
  staging: Staging;
  trust: Trust;
  loadKey(): Promise<SigningKey>;
}

/** Where the signed manifest waits until it is published. */
export function stagedManifestPath(paths: Paths, artifactId: string): string {
  return join(paths.staging(artifactId).root, 'manifest.json');
}

/** The manifest of a publication that was begun; undefined when none was. */
export async function readStagedManifest(
  { paths, trust }: Pick<StagedManifestDeps, 'paths' | 'trust'>,
  artifactId: string,
): Promise<(OpenedManifest & { bytes: Buffer }) | undefined> {
  const path = stagedManifestPath(paths, artifactId);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return bytes && { ...(await openManifest(path, bytes, trust)), bytes };
}

/**
 * Signs the artifact's manifest, once: signatures are random (ECDSA), so that a retry must find the
 * bytes of the first attempt to publish the same digest.
 * @param findParent contentDigest of the version that the tag names now, if any
 */
export async function signStagedManifest(
  deps: StagedManifestDeps,
  input: PublishInput,
  findParent: () => Promise<string | null>,
): Promise<OpenedManifest & { bytes: Buffer }> {
  const { artifactId, request } = input;
  const known = await readStagedManifest(deps, artifactId);
  if (known !== undefined) return known;
  const records = await readRecords(deps, artifactId);
  const key = await deps.loadKey();
  const { omsBundle } = deps.paths.staging(artifactId);
  const fresh = createOmsBundle(request.name, treeOf(records.sealed), key);
  await createFileOnce(omsBundle, JSON.stringify(fresh));
  const bundle: unknown = JSON.parse(await readFile(omsBundle, 'utf8'));
  const manifest = describeManifest(input, records, await findParent(), bundle);
  await createFileOnce(stagedManifestPath(deps.paths, artifactId), signManifest(manifest, key));
  const staged = await readStagedManifest(deps, artifactId);
  if (staged === undefined) throw incomplete(artifactId, 'it was discarded meanwhile');
  return staged;
}

async function readRecords(
  { paths, staging }: StagedManifestDeps,
  artifactId: string,
): Promise<PublishRecords> {
  const places = paths.staging(artifactId);
  const sealed = await staging.sealedFiles(artifactId);
  const inspection = await readJson(places.inspection, inspectionSchema);
  const plan = await readJson(places.plan, shardPlanSchema);
  const modules = await readJson(places.modules, modulesSchema);
  if (inspection === undefined) throw incomplete(artifactId, `${places.inspection} is missing`);
  if (plan === undefined) throw incomplete(artifactId, `${places.plan} is missing`);
  const missing = missingFiles({ sealed, plan });
  if (missing.length > 0) throw incomplete(artifactId, `${missing.join(', ')} was never sealed`);
  return { berth: berthVersion(), sealed, inspection, plan, modules };
}

function incomplete(artifactId: string, reason: string) {
  return berthError(
    'ArtifactNotFound',
    `staging of ${artifactId} is incomplete: ${reason}; start the job again`,
  );
}
