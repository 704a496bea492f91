import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import { formatModelRef, type ModelRef, parseModelRef } from '../../../workflows/contracts/ids.ts';
import type { Manifest, TagRecord } from '../../../workflows/contracts/manifest.ts';
import { type OpenedManifest, openManifest } from '../manifest.ts';
import type { Trust } from '../signing/trust.ts';
import type { ArtifactStore, TagKey } from '../store/artifactStore.ts';
import type { Tags } from '../tags/tags.ts';

/** A reference and the verified version that it names. */
export interface ResolvedModel extends OpenedManifest {
  ref: ModelRef;
  /** The tag's record, when the reference names a tag. */
  record: TagRecord | undefined;
}

/** One tag in a listing; `problem` says in one line why its version cannot be shown. */
export type CatalogueEntry = TagKey &
  ({ record: TagRecord; manifest: Manifest } | { problem: string });

/** Reads the store: every answer was verified against pinned keys. Changes nothing. */
export interface Catalogue {
  /**
   * @throws BerthError InvalidRequest for a malformed reference, ArtifactNotFound, and whatever
   *   verification finds: SignatureInvalid, ArtifactCorrupt, RollbackDetected.
   */
  resolve(ref: string): Promise<ResolvedModel>;
  /** Every tag by name, broken ones included. */
  list(): Promise<CatalogueEntry[]>;
  /** Readable tags of any model that name a version. */
  tagsOf(digest: string): Promise<TagRecord[]>;
  /** Every manifest in the store; `unreadable` names the documents that do not verify. */
  manifests(): Promise<{ opened: OpenedManifest[]; unreadable: string[] }>;
}

export interface CatalogueDeps {
  store: Pick<ArtifactStore, 'manifests' | 'tags'>;
  trust: Trust;
  tags: Tags;
}

export function createCatalogue({ store, trust, tags }: CatalogueDeps): Catalogue {
  async function open(digest: string): Promise<OpenedManifest | undefined> {
    const bytes = await store.manifests.get(digest);
    return bytes && openManifest(store.manifests.describe(digest), bytes, trust, digest);
  }

  async function openTagged(record: TagRecord): Promise<OpenedManifest> {
    const opened = await open(record.digest);
    const file = store.manifests.describe(record.digest);
    if (opened === undefined) {
      throw berthError(
        'ArtifactCorrupt',
        `${file}: missing, though ${record.name}:${record.tag} names it; restore it from a backup or ingest the model again`,
      );
    }
    if (opened.manifest.name !== record.name) {
      throw berthError(
        'ArtifactCorrupt',
        `${file}: is a version of ${opened.manifest.name}, but a tag of ${record.name} names it`,
      );
    }
    return opened;
  }

  async function resolve(text: string): Promise<ResolvedModel> {
    const ref = parseModelRef(text);
    if (ref === undefined) {
      throw berthError(
        'InvalidRequest',
        `${JSON.stringify(text)}: no model reference; expected name, name:tag or name@sha256:<64 hex digits>`,
      );
    }
    if (ref.tag !== undefined) {
      const record = await tags.read(ref);
      if (record === undefined) throw notFound(ref);
      return { ref, record, ...(await openTagged(record)) };
    }
    const opened = await open(ref.digest);
    if (opened?.manifest.name !== ref.name) throw notFound(ref);
    return { ref, record: undefined, ...opened };
  }

  async function describe(key: TagKey): Promise<CatalogueEntry> {
    try {
      const record = await tags.read(key);
      if (record === undefined) return { ...key, problem: 'removed while it was listed' };
      return { ...key, record, manifest: (await openTagged(record)).manifest };
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      return { ...key, problem: error.message };
    }
  }

  return {
    resolve,

    async list() {
      const entries: CatalogueEntry[] = [];
      for (const key of await store.tags.list()) entries.push(await describe(key));
      return entries;
    },

    async tagsOf(digest) {
      const records: TagRecord[] = [];
      for (const key of await store.tags.list()) {
        const record = await tags.read(key).catch(ifBroken(undefined));
        if (record?.digest === digest) records.push(record);
      }
      return records;
    },

    async manifests() {
      const opened: OpenedManifest[] = [];
      const unreadable: string[] = [];
      for (const digest of await store.manifests.list()) {
        const found = await open(digest).catch(ifBroken(null));
        if (found === null) unreadable.push(store.manifests.describe(digest));
        else if (found !== undefined) opened.push(found);
      }
      return { opened, unreadable };
    },
  };
}

/** Stands in for what does not verify; anything else is thrown on. */
function ifBroken<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof BerthError) return instead;
    throw error;
  };
}

function notFound(ref: ModelRef): BerthError {
  return berthError(
    'ArtifactNotFound',
    `${formatModelRef(ref)}: no such model; berth models lists what there is`,
  );
}
