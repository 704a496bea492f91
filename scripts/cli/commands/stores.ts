import { totalmem } from 'node:os';
import { Option } from 'commander';
import { parseSize } from '../../../activities/platform/size.ts';
import { adviseStore, type StoreNeeds } from '../../../activities/stores/advise/adviseStore.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatAdvice } from '../format/advice.ts';

interface Flags extends Pick<StoreNeeds, 'filters' | 'writes' | 'ops'> {
  corpus: string;
  chunks: string;
  dimensions: string;
  hybrid?: true;
  tenants: string;
  memory?: string;
}

const choice = (flags: string, description: string, choices: string[]) =>
  new Option(flags, description).choices(choices).default(choices[0]);

export function registerStores(registry: Registry): void {
  const group = registry.program
    .command('stores')
    .description('which vector store suits a corpus, and why');
  const command = group
    .command('advise')
    .description('recommends a store by size, filters, hybrid search, writes, tenants, operations')
    .requiredOption('--corpus <n>', 'records, such as 250k or 5M')
    .option('--chunks <n>', 'chunks a record', '1')
    .option('--dimensions <n>', 'of the embedding model', '384')
    .addOption(choice('--filters <how>', 'filters in searches', ['none', 'few', 'many']))
    .option('--hybrid', 'searches for words and meaning together')
    .addOption(choice('--writes <how>', 'beside the searches', ['low', 'high']))
    .option('--tenants <n>', 'customers whose data must not mix', '1')
    .addOption(
      choice('--ops <what>', 'what may be run: nothing more, a server, the Postgres at hand', [
        'embedded',
        'server',
        'postgres',
      ]),
    )
    .option('--memory <size>', "for the index, such as 64GiB; default half of this machine's");
  defineAction<Flags>(registry, command, async ({ options }) => {
    const needs = toNeeds(options);
    const advice = adviseStore(needs);
    return { json: { needs, advice }, text: formatAdvice(needs, advice) };
  });
}

function toNeeds(flags: Flags): StoreNeeds {
  const { filters, writes, ops, hybrid = false } = flags;
  const records = count('--corpus', flags.corpus, 1e12);
  const memory = flags.memory === undefined ? Math.floor(totalmem() / 2) : parseSize(flags.memory);
  if (!memory) {
    throw berthError('InvalidRequest', `--memory ${flags.memory}: expected a size, such as 64GiB`);
  }
  return {
    vectors: records * count('--chunks', flags.chunks, 1e4),
    dimensions: count('--dimensions', flags.dimensions, 65_536),
    tenants: count('--tenants', flags.tenants, 1e9),
    memoryBytes: memory,
    filters,
    writes,
    ops,
    hybrid,
  };
}

const thousands: Record<string, number> = { '': 1, k: 1e3, m: 1e6, b: 1e9 };

function count(option: string, text: string, most: number): number {
  const match = /^(\d+(?:\.\d+)?)([kmb]?)$/i.exec(text.trim());
  const value = Number(match?.[1]) * (thousands[(match?.[2] ?? '').toLowerCase()] ?? Number.NaN);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw berthError(
    'InvalidRequest',
    `${option} ${text}: expected a whole number from 1, such as 384, 250k or 5M`,
  );
}
