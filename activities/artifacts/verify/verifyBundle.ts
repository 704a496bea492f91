import type { VerifyFailure } from '../../../workflows/contracts/activities.ts';
import type { Manifest } from '../../../workflows/contracts/manifest.ts';
import { omsBundleSchema } from '../oms/format.ts';
import { rootDigest, signatureFile } from '../oms/resources.ts';
import { checkOmsBundle } from '../oms/verifyBundle.ts';
import { publicPem } from '../signing/publicKey.ts';
import type { Trust } from '../signing/trust.ts';

/** Checks the OMS bundle that consumers get against the files of the manifest. */
export async function verifyManifestBundle(
  manifest: Manifest,
  trust: Trust,
  manifestFile: string,
): Promise<VerifyFailure[]> {
  const files = manifest.files.map(({ path, plaintextSha256 }) => ({
    path,
    sha256: plaintextSha256,
  }));
  const failures: VerifyFailure[] = [];
  const root = rootDigest(files);
  if (root !== manifest.contentDigest) {
    failures.push({
      file: manifestFile,
      reason: `contentDigest ${manifest.contentDigest}, but its files have ${root}`,
    });
  }
  const hint =
    omsBundleSchema.safeParse(manifest.omsBundle).data?.verificationMaterial.publicKey.hint ?? '';
  const key = await trust.find(hint);
  if (key === undefined) {
    return [
      ...failures,
      { file: `${manifestFile} (${signatureFile})`, reason: `signed by key ${hint}, not pinned` },
    ];
  }
  const found = await checkOmsBundle({
    bundle: manifest.omsBundle,
    publicKeyPem: publicPem(key),
    files,
  });
  const inBundle = found.map(({ file, reason }) => ({ file: `${manifestFile} (${file})`, reason }));
  return [...failures, ...inBundle];
}
