import { searchFilterSchema } from '../../../workers/client/backfill/searchFilter.ts';
import type {
  SearchFilter,
  SearchResult,
} from '../../../workflows/contracts/backfill/activities.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { defineAction, type Registry } from '../action.ts';

interface Flags {
  store?: string;
  filter?: string;
  hybrid?: boolean;
  tenant?: string;
  top: string;
}

export function registerSearch(registry: Registry): void {
  const command = registry.program
    .command('search')
    .description('search a collection with the model that filled it')
    .argument('<collection>', 'as berth collections lists it')
    .argument('<query>', 'text to search for')
    .option('--store <store>', "default chroma, the stack's own")
    .option('--filter <json>', 'such as {"year":{"gte":2020},"lang":"en"}')
    .option('--hybrid', 'full text and vectors together')
    .option('--tenant <name>', 'only this tenant')
    .option('--top <n>', 'hits', '5');
  defineAction<Flags>(
    registry,
    command,
    async ({ berth, options }, collection = '', query = '') => {
      const { store, filter, hybrid, tenant, top } = options;
      const result = await berth.search(collection, query, {
        store,
        filter: filter === undefined ? undefined : parseFilter(filter),
        hybrid,
        tenant,
        top: Number(top),
      });
      return { json: result, text: formatHits(result) };
    },
  );
}

function parseFilter(text: string): SearchFilter {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = searchFilterSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw berthError(
    'InvalidRequest',
    `filter ${text}: expected JSON such as {"year":{"gte":2020},"lang":"en"}, with in, not, gte or lte`,
  );
}

const excerptLength = 160;

export function formatHits({ physical, contentDigest, hits }: SearchResult): string {
  const lines = hits.flatMap(({ score, recordId, chunk, text }, index) => [
    `${index + 1}. ${score.toFixed(4)}  ${recordId}${chunk > 0 ? ` (chunk ${chunk + 1})` : ''}`,
    `   ${excerpt(text)}`,
  ]);
  const found = hits.length === 0 ? ['nothing found'] : lines;
  const cut = hits.filter(({ metadataLeftOut }) => metadataLeftOut).length;
  if (cut > 0) found.push(`metadata of ${cut} hits left out, too long; ask for fewer with --top`);
  return [...found, `${physical}, content ${contentDigest}`].join('\n');
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > excerptLength ? `${line.slice(0, excerptLength - 1)}…` : line;
}
