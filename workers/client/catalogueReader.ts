import { createCatalogue } from '../../activities/artifacts/catalogue/catalogue.ts';
import { createTrust } from '../../activities/artifacts/signing/trust.ts';
import { createLocalStore } from '../../activities/artifacts/store/localStore.ts';
import { createSeenTags } from '../../activities/artifacts/tags/seenTags.ts';
import { createTags } from '../../activities/artifacts/tags/tags.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { detailModel, type ModelDetails, type ModelListing, summarizeModel } from './models.ts';

/** Reads the store's signed documents with public keys only; needs no stack and no secret. */
export interface CatalogueReader {
  models(): Promise<ModelListing>;
  show(ref: string): Promise<ModelDetails>;
}

export function createCatalogueReader(paths: Paths): CatalogueReader {
  const store = createLocalStore(paths);
  const trust = createTrust(paths.trust);
  const seen = createSeenTags(paths.seenTags);
  const tags = createTags({ store, trust, seen, loadKey: refuseKey });
  const catalogue = createCatalogue({ store, trust, tags });
  return {
    async models() {
      const [{ opened, unreadable }, entries] = await Promise.all([
        catalogue.manifests(),
        catalogue.list(),
      ]);
      const tagsByDigest = new Map<string, string[]>();
      const problems = unreadable.map((file) => ({ what: file, problem: 'does not verify' }));
      for (const entry of entries) {
        if ('problem' in entry) {
          problems.push({ what: `${entry.name}:${entry.tag}`, problem: entry.problem });
        } else {
          const { digest } = entry.record;
          tagsByDigest.set(digest, [...(tagsByDigest.get(digest) ?? []), entry.tag]);
        }
      }
      const models = opened
        .map(({ manifest, digest }) =>
          summarizeModel(manifest, digest, tagsByDigest.get(digest) ?? []),
        )
        .sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.name.localeCompare(b.name));
      return { models, problems };
    },
    async show(ref) {
      const { manifest, digest } = await catalogue.resolve(ref);
      const records = await catalogue.tagsOf(digest);
      return detailModel(
        manifest,
        digest,
        records.map(({ tag }) => tag),
      );
    },
  };
}

/** Only the host worker signs. */
async function refuseKey(): Promise<never> {
  throw berthError('KeyUnavailable', 'a reader of the catalogue signs nothing');
}
