import type { Command } from 'commander';
import {
  type BackfillOptions,
  findWrongOption,
} from '../../../workers/client/backfill/backfillOptions.ts';
import { readYamlFile } from '../../../workers/yamlFile.ts';

/** What commander makes of the options of `backfill` and `schedule backfill`; checked by the client. */
export interface BackfillFlags
  extends Partial<Omit<BackfillOptions, 'source' | 'stores' | 'indexes' | ListOption>>,
    Partial<Record<ListOption, string>> {
  job?: string;
  store?: string[];
  index?: string[];
}

type ListOption = 'textColumns' | 'metadataColumns';

const collect = (value: string, all: string[] = []) => [...all, value];

/** Defaults are the client's: what a person did not say must not hide what a job file says. */
export function addBackfillOptions(command: Command): Command {
  return command
    .argument('[source]', '.jsonl, .csv, .parquet, a folder, or postgres://user@host/database')
    .option('--job <file>', 'YAML file with these options, in camelCase; those given here win')
    .option('--collection <name>', 'collection to fill, such as docs')
    .option(
      '--model <ref>',
      "ingested model, such as minilm:latest; with --embedder, that one's name",
    )
    .option(
      '--embedder <url>',
      'OpenAI-compatible endpoint instead of a device (BERTH_EMBEDDER_KEY)',
    )
    .option(
      '--store <store>',
      'chroma, lancedb=<folder>, qdrant=<url>, …; may be repeated',
      collect,
    )
    .option('--dry-run', 'count and estimate; write nothing')
    .optionsGroup('Source:')
    .option(
      '--source-name <name>',
      "part of every record's id; default: the file's name. Two files of one name need it",
    )
    .option('--id-column <name>', 'default id, else what the record holds')
    .option('--text-columns <names>', 'comma-separated; default text')
    .option('--metadata-columns <names>', 'comma-separated; default all others')
    .option('--query <sql>', 'Postgres: a table or SELECT')
    .option('--changed-column <name>', 'Postgres: grows with every change of a row')
    .optionsGroup('Embedding:')
    .option('--max-tokens <n>', 'longest chunk; default what the model takes')
    .option('--overlap <n>', 'tokens that neighbouring chunks share')
    .option('--pooling <kind>', "mean, cls or last; default the model's")
    .option('--no-normalize', 'leave vectors as long as they come')
    .option('--dimensions <n>', 'cut vectors (Matryoshka models)')
    .optionsGroup('Collection:')
    .option('--index <field:type>', 'payload index; may be repeated', collect)
    .option('--full-text', 'full-text index, for hybrid search')
    .option('--quantize-vectors <kind>', 'scalar, binary or half')
    .option('--tenant-field <name>', 'metadata field that separates tenants')
    .option('--rebuild', 'a new collection although the old one could be brought up to date')
    .option(
      '--delete-missing',
      'delete records of that source name that the source no longer has, once verified',
    )
    .option('--keep-previous <n>', 'former collections to keep for a rollback')
    .optionsGroup('Verification:')
    .option('--sample <n>', 'points to read back and search for')
    .option('--min-recall <x>', 'least recall@10')
    .option('--known-items <file>', 'JSONL of {query, id}')
    .option('--min-known-items <x>', 'least share of them among the first ten')
    .option('--max-failures <n>', 'records that may fail before the job does')
    .optionsGroup('Pace:')
    .option('--rate <n>', 'records a second')
    .option('--concurrency <n>', 'partitions at a time, a device each')
    .option('--between <times>', 'hours of the day, such as 22:00-06:00 (UTC) or 22:00-06:00+02:00')
    .option('--deadline <time>', 'ISO time or duration after which it fails before its switch')
    .option('--page-records <n>', 'records a page')
    .option('--partition-pages <n>', 'pages a partition')
    .option('--price <money>', 'of one million tokens, for the estimate')
    .option('--team <name>', 'who asks; devices are shared fairly among teams');
}

const list = (names: string | undefined): string[] | undefined =>
  names?.split(',').map((name) => name.trim());

/**
 * The client's options: a job file's, with what was given on the command line over it.
 * @throws BerthError InvalidRequest when the file cannot be read
 */
export async function toBackfillOptions(
  source: string,
  flags: BackfillFlags & { json?: boolean },
): Promise<BackfillOptions> {
  const { job, store, index, textColumns, metadataColumns, normalize, ...rest } = flags;
  const file = job === undefined ? {} : await readJobFile(job);
  const given = {
    ...pick(rest),
    source: source === '' ? undefined : source,
    stores: store,
    indexes: index,
    textColumns: list(textColumns),
    metadataColumns: list(metadataColumns),
    // Commander sets it to true where --no-normalize is absent.
    normalize: normalize === false ? false : undefined,
  };
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  // Whether it is complete is the client's to say.
  return { stores: [], ...file, ...Object.fromEntries(stated) } as unknown as BackfillOptions;
}

async function readJobFile(path: string): Promise<object> {
  const { value, failAt } = await readYamlFile(path, 'job file');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw failAt([], 'expected options such as "collection: docs", one a line');
  }
  const wrong = findWrongOption(value as Record<string, unknown>);
  if (wrong !== undefined) throw failAt([wrong.name], wrong.message);
  return value;
}

/** Options of the backfill among those of its command. */
const known = [
  ...['collection', 'model', 'embedder', 'dryRun', 'sourceName', 'idColumn', 'query'],
  ...['changedColumn', 'maxTokens', 'overlap', 'pooling', 'dimensions', 'fullText'],
  ...['quantizeVectors', 'tenantField', 'rebuild', 'deleteMissing', 'keepPrevious', 'sample'],
  ...['minRecall', 'knownItems', 'minKnownItems', 'maxFailures', 'rate', 'concurrency'],
  ...['between', 'deadline', 'pageRecords', 'partitionPages', 'price', 'team'],
];

function pick(flags: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => known.includes(name)));
}
