import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes);

/**
 * Writes `model.sig` over files of a folder, as OpenSSF Model Signing 1.0 lays it out; written apart
 * from Berth's own signer.
 * @param shardBytes signs runs of so many bytes (method `shards`) instead of whole files.
 * @returns the public key, PEM.
 */
export async function signFolder(
  folder: string,
  paths: string[],
  shardBytes?: number,
): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const resources: { name: string; algorithm: string; digest: string }[] = [];
  for (const path of [...paths].sort()) {
    const content = await readFile(join(folder, path));
    const step = shardBytes ?? content.length;
    for (let start = 0; start < content.length; start += step) {
      const end = Math.min(start + step, content.length);
      const name = shardBytes === undefined ? path : `${path}:${start}:${end}`;
      const digest = hash(content.subarray(start, end)).digest('hex');
      resources.push({ name, algorithm: 'sha256', digest });
    }
  }
  const root = hash(Buffer.concat(resources.map(({ digest }) => Buffer.from(digest, 'hex'))));
  const method = shardBytes === undefined ? 'files' : 'shards';
  const serialization = { method, hash_type: 'sha256', allow_symlinks: false, ignore_paths: [] };
  const payload = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'model', digest: { sha256: root.digest('hex') } }],
      predicateType: 'https://model_signing/signature/v1.0',
      predicate: {
        serialization: shardBytes ? { ...serialization, shard_size: shardBytes } : serialization,
        resources,
      },
    }),
  );
  const payloadType = 'application/vnd.in-toto+json';
  const prefix = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  const sig = sign('sha256', Buffer.concat([Buffer.from(prefix), payload]), privateKey);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: { hint: hash(Buffer.from(pem)).digest('hex') },
      tlogEntries: [],
    },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType,
      signatures: [{ sig: sig.toString('base64'), keyid: '' }],
    },
  };
  await writeFile(join(folder, 'model.sig'), JSON.stringify(bundle));
  return pem;
}
