import type { CollectionInfo } from '../../../workflows/contracts/backfill/activities.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatCount } from '../format/backfill.ts';
import { formatTable } from '../format/table.ts';
import { shortDigest } from '../format/units.ts';

const collect = (value: string, all: string[] = []) => [...all, value];

export function registerCollections(registry: Registry): void {
  const command = registry.program
    .command('collections')
    .description('collections of a store, their versions, and which one is live')
    .option(
      '--store <store>',
      "may be repeated; default the stack's Chroma and own LanceDB",
      collect,
    );
  defineAction<{ store?: string[] }>(registry, command, async ({ berth, options }) => {
    const found = await berth.collections({ stores: options.store });
    return { json: found, text: formatCollections(found) };
  });
}

export function formatCollections(collections: CollectionInfo[]): string {
  const rows = collections.flatMap(({ collection, store, current, versions }) =>
    versions.map((version) => [
      collection,
      store,
      version.physical,
      version.physical === current ? 'live' : '',
      formatCount(version.points),
      String(version.dimensions),
      version.artifact?.split('@')[0] ?? 'endpoint',
      shortDigest(version.contentDigest.replace(/^endpoint:/, '')),
      version.createdAt,
    ]),
  );
  if (rows.length === 0) return 'no collections';
  const header = [
    'collection',
    'store',
    'version',
    '',
    'points',
    'dim',
    'model',
    'content',
    'made',
  ];
  return formatTable(header, rows, ['left', 'left', 'left', 'left', 'right', 'right']);
}
