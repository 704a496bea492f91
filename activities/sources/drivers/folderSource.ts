import { access } from 'node:fs/promises';
import { z } from 'zod';
import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { resolveAllowed } from '../../platform/allowedPaths.ts';
import { changedFile } from '../files/fileStamp.ts';
import { changedEntries } from '../folder/changedEntries.ts';
import { type Listing, listingPath, readListing, writeListing } from '../folder/listing.ts';
import { createEntryReader } from '../folder/readEntry.ts';
import { walkFolder } from '../folder/walkFolder.ts';
import type { OpenSource, PlanOptions, RecordSource, SourceDeps } from '../recordSource.ts';

const position = z.object({ at: z.number().int(), line: z.number().int() });
const fromSchema = position.extend({ listing: z.string() });
const cursorSchema = position.extend({ offset: z.number().int(), message: z.number().int() });
const tokenSchema = z.object({ listing: z.string() });

const documentLimit = 64 * 1024 * 1024;

/**
 * A folder of texts, Markdown, HTML and mails: a file is a record, as is each message of an mbox.
 * Files are listed once; one that changes later is read as it is then and found again by
 * `changesSince`, one that is gone is a failure `unreadable`.
 */
export async function createFolderSource(
  spec: SourceSpec,
  deps: SourceDeps,
  options = { documentLimit },
): Promise<RecordSource> {
  const root = await resolveAllowed(spec.location, 'folder', deps.allowed);
  const readEntry = createEntryReader(root, spec.columns, options.documentLimit);

  /** @throws BerthError SourceChanged when it is lost and the folder no longer gives the same. */
  async function findListing(digest: string, scratch: string): Promise<string> {
    const path = listingPath(scratch, digest);
    if (await exists(path)) return path;
    const again = await writeListing(walkFolder(root), { scratch, ...whole });
    if (again.digest === digest) return path;
    throw changedFile(root, 'its listing was lost, and files have changed');
  }

  return {
    kind: 'folder',
    async plan(planOptions) {
      const listing = await writeListing(walkFolder(root, planOptions.signal), planOptions);
      return {
        fingerprint: listing.digest,
        exact: listing.exact,
        ...partitionsOf(listing, 0),
        changeToken: JSON.stringify({ listing: listing.digest }),
      };
    },

    async *read(partition, cursor, { scratch, signal }) {
      const { listing, ...first } = fromSchema.parse(JSON.parse(partition.from));
      const { at: to } = position.parse(JSON.parse(partition.to ?? ''));
      const start = cursor === null ? undefined : cursorSchema.parse(JSON.parse(cursor));
      const from = start ?? first;
      if (from.at >= to) return;
      await resolveAllowed(spec.location, 'folder', deps.allowed);
      const path = await findListing(listing, scratch);
      for await (const { position: here, next: behind, ...entry } of readListing(
        path,
        from,
        to,
        signal,
      )) {
        const { offset, message } = start ?? beginning;
        const inside = here.at === start?.at ? { offset, message } : beginning;
        for await (const { next, ...item } of readEntry(entry, inside, signal)) {
          const at = next === null ? { ...behind, ...beginning } : { ...here, ...next };
          yield { ...item, next: JSON.stringify(at) };
        }
      }
    },

    async changesSince(changes) {
      const token = tokenSchema.parse(JSON.parse(changes.changeToken));
      const now = await writeListing(walkFolder(root, changes.signal), { ...changes, ...whole });
      const before = listingPath(changes.scratch, token.listing);
      // Without a listing to compare with, everything may have changed.
      const known = (await exists(before)) ? readListing(before) : nothing();
      const current = readListing(listingPath(changes.scratch, now.digest));
      const changed = await writeListing(changedEntries(known, current), changes);
      const changeToken = JSON.stringify({ listing: now.digest });
      return { ...partitionsOf(changed, changes.firstIndex), changeToken };
    },

    async close() {},
  };
}

export const openFolderSource: OpenSource = (spec, deps) => createFolderSource(spec, deps);

const beginning = { offset: 0, message: 1 };
const whole: Pick<PlanOptions, 'partitionRecords' | 'maxPartitions'> = {
  partitionRecords: Number.MAX_SAFE_INTEGER,
  maxPartitions: 1,
};

function partitionsOf({ borders, digest, size }: Listing, firstIndex: number) {
  const partitions = borders.map(({ at, line, records }, index) => ({
    index: firstIndex + index,
    from: JSON.stringify({ at, line, listing: digest }),
    to: JSON.stringify({ at: borders[index + 1]?.at ?? size, line: 0 }),
    records,
  }));
  return { partitions, records: borders.reduce((sum, { records }) => sum + records, 0) };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function* nothing() {}
