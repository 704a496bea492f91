import { pae } from '../signing/pae.ts';
import type { SigningKey } from '../signing/signingKey.ts';
import { inTotoPayloadType, type OmsBundle, sigstoreMediaType } from './format.ts';
import { ignoredPaths, rootDigest, sortTree, type TreeFile } from './resources.ts';

/**
 * Signs a plaintext tree as the `model_signing sign key` command does (OpenSSF Model Signing 1.0,
 * method `files`), so that `model_signing verify key` accepts the folder.
 * @param name of the model; verifiers do not check it.
 */
export function createOmsBundle(
  name: string,
  files: readonly TreeFile[],
  key: SigningKey,
): OmsBundle {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: rootDigest(files) } }],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: {
      serialization: {
        method: 'files',
        hash_type: 'sha256',
        allow_symlinks: false,
        ignore_paths: ignoredPaths,
      },
      resources: sortTree(files).map(({ path, sha256 }) => ({
        name: path,
        algorithm: 'sha256',
        digest: sha256,
      })),
    },
  };
  const payload = Buffer.from(JSON.stringify(statement), 'utf8');
  const signature = key.sign(pae(inTotoPayloadType, payload));
  return {
    mediaType: sigstoreMediaType,
    verificationMaterial: { publicKey: { hint: key.keyid }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: inTotoPayloadType,
      signatures: [{ sig: signature.toString('base64'), keyid: '' }],
    },
  };
}
