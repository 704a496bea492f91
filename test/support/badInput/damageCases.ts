import {
  appendFile,
  chmod,
  copyFile,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { keyfilePath } from '../../../activities/artifacts/keys/keyfileProvider.ts';
import type { Paths } from '../../../activities/platform/paths.ts';
import type { Manifest } from '../../../workflows/contracts/manifest.ts';
import type { Complaint } from './case.ts';

/** Two versions of a model that was published twice under one tag, and what the first tag was. */
export interface StoredModel {
  paths: Paths;
  digest: string;
  manifest: Manifest;
  /** The version before: its digest, its manifest and the bytes of the tag that named it. */
  old: { digest: string; manifest: Manifest; tag: Buffer };
}

/** Damage to what is stored; `warm` must not deliver it, `verify` must list it. */
export interface Damage extends Complaint {
  what: string;
  damage(model: StoredModel): Promise<unknown>;
  /** `warm` does not look there. */
  verifyOnly?: boolean;
}

const weights = 'model.safetensors';

function blob({ paths }: StoredModel, manifest: Manifest, path: string): string {
  const file = manifest.files.find((each) => each.path === path);
  return join(paths.store.blobs(manifest.artifactId), file?.blob ?? '');
}

const ofWeights = (model: StoredModel) => blob(model, model.manifest, weights);
const tagOf = ({ paths, manifest }: StoredModel) => paths.store.tag(manifest.name, 'latest');

async function flip(path: string, position: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[position % bytes.length] = (bytes[position % bytes.length] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

async function swap(one: string, other: string): Promise<void> {
  await rename(one, `${one}.aside`);
  await rename(other, one);
  await rename(`${one}.aside`, other);
}

const blobDamage: Damage[] = [
  {
    what: 'an altered blob',
    damage: (model) => flip(ofWeights(model), 1000),
    type: 'ArtifactCorrupt',
    file: weights,
    reason: /does not verify.*altered/,
  },
  {
    what: 'a truncated blob',
    damage: async (model) => truncate(ofWeights(model), 100),
    type: 'ArtifactCorrupt',
    file: weights,
    reason: /truncated/,
  },
  {
    what: 'an extended blob',
    damage: (model) => appendFile(ofWeights(model), 'more'),
    type: 'ArtifactCorrupt',
    file: weights,
    reason: /extended/,
  },
  {
    what: 'a missing blob',
    damage: (model) => rm(ofWeights(model)),
    type: 'ArtifactCorrupt',
    file: weights,
    reason: /missing/,
  },
  {
    what: 'a blob of the version before',
    damage: (model) => copyFile(blob(model, model.old.manifest, weights), ofWeights(model)),
    type: 'ArtifactCorrupt',
    file: weights,
    reason: /swapped/,
  },
  {
    what: 'two blobs that changed places',
    damage: (model) => swap(ofWeights(model), blob(model, model.manifest, 'tokenizer.json')),
    type: 'ArtifactCorrupt',
    file: weights,
    reason: /truncated|extended|swapped/,
  },
  {
    what: 'a blob too many',
    damage: (model) => writeFile(join(model.paths.store.blobs(model.manifest.artifactId), 'x'), ''),
    type: 'ArtifactCorrupt',
    file: 'blobs/',
    reason: /not in the manifest/,
    verifyOnly: true,
  },
];

const documentDamage: Damage[] = [
  {
    what: 'an altered manifest',
    damage: (model) => flip(model.paths.store.manifest(model.digest), 500),
    type: 'SignatureInvalid',
    file: 'manifests/',
    reason: /./,
  },
  {
    what: 'the manifest of the version before under the name of the new one',
    damage: ({ paths, digest, old }) =>
      copyFile(paths.store.manifest(old.digest), paths.store.manifest(digest)),
    type: 'ArtifactCorrupt',
    file: 'manifests/',
    reason: /swapped/,
  },
  {
    what: 'an altered wrap',
    async damage({ paths, manifest }) {
      const path = paths.store.wraps(manifest.artifactId);
      const text = await readFile(path, 'utf8');
      await writeFile(
        path,
        text.replace(/"ct":"./, (found) => `"ct":"${found.endsWith('A') ? 'B' : 'A'}`),
      );
    },
    type: 'ArtifactCorrupt',
    file: 'wraps/',
    reason: /altered/,
  },
  {
    what: 'the wraps of another artifact',
    damage: ({ paths, manifest, old }) =>
      copyFile(paths.store.wraps(old.manifest.artifactId), paths.store.wraps(manifest.artifactId)),
    type: 'ArtifactCorrupt',
    file: 'wraps/',
    reason: /swapped/,
  },
  {
    what: 'an altered tag',
    damage: (model) => flip(tagOf(model), 200),
    type: 'SignatureInvalid',
    file: 'tags/',
    reason: /./,
  },
  {
    what: 'an old tag put back',
    damage: (model) => writeFile(tagOf(model), model.old.tag),
    type: 'RollbackDetected',
    file: 'tags/',
    reason: /sequence 1, but this host has seen 2/,
  },
];

const keyDamage: Damage[] = [
  {
    what: 'a wrong key file',
    damage: ({ paths }) => writeFile(keyfilePath(paths.keys), Buffer.alloc(32, 7)),
    type: 'KeyUnavailable',
    file: 'keyfile.kek',
    reason: /wrapped with/,
  },
  {
    what: 'a key file that others can read',
    damage: ({ paths }) => chmod(keyfilePath(paths.keys), 0o644),
    type: 'KeyUnavailable',
    file: 'keyfile.kek',
    reason: /mode 0644/,
  },
  {
    what: 'a missing key file',
    damage: ({ paths }) => rm(keyfilePath(paths.keys)),
    type: 'KeyUnavailable',
    file: 'keyfile.kek',
    reason: /missing/,
  },
];

export const damageCases: Damage[] = [...blobDamage, ...documentDamage, ...keyDamage];
