import { z } from 'zod';
import { collectionPattern } from '../../../workflows/contracts/backfill/messages.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { tagPattern } from '../../../workflows/contracts/ids.ts';
import { expected, numeric, text, unknownKey } from '../optionRules.ts';

/** What `backfill` takes, and what a job file (YAML) holds. Files are on the host that runs the stack. */
export interface BackfillOptions {
  /**
   * A file (.jsonl, .csv, .tsv, .parquet; .gz), a folder of texts and mails, or
   * `postgres://user@host/database`; relative paths are resolved here and now.
   */
  source: string;
  /**
   * Names the corpus in every record's id. Default: the source's last path part without extension, so
   * that a corpus that moves stays the same one, and two files of one name in a collection need it.
   */
  sourceName?: string;
  idColumn?: string;
  /** Default `text`. */
  textColumns?: string[];
  /** Default: all others that are plain values. */
  metadataColumns?: string[];
  /** Postgres: a table or SELECT. */
  query?: string;
  /** Postgres: column that grows with every change of a row. */
  changedColumn?: string;
  /** Lower-case letters, digits and `-`: `docs`. */
  collection: string;
  /** `chroma` (the stack's own), `lancedb=./vectors`, `qdrant=http://…`, …; at least one. */
  stores: string[];
  /** Ingested model, `name:tag`; or, with `embedder`, the endpoint's name for its model. */
  model?: string;
  /** Address of an OpenAI-compatible endpoint, `https://host/v1`; its key by BERTH_EMBEDDER_KEY. */
  embedder?: string;
  pooling?: 'mean' | 'cls' | 'last';
  normalize?: boolean;
  dimensions?: number | string;
  /** Longest chunk, tokens. Default: what the model takes. */
  maxTokens?: number | string;
  /** Tokens that neighbouring chunks share. Default 0. */
  overlap?: number | string;
  /** `field:type` with keyword, integer, float, boolean or datetime. */
  indexes?: string[];
  /** Full-text index, for hybrid search. */
  fullText?: boolean;
  quantizeVectors?: 'none' | 'scalar' | 'binary' | 'half';
  tenantField?: string;
  /** Records a page. Default 1,000. */
  pageRecords?: number | string;
  /** Pages a partition. Default 10. */
  partitionPages?: number | string;
  rebuild?: boolean;
  deleteMissing?: boolean;
  /** Former collections that stay for a rollback. Default 1. */
  keepPrevious?: number | string;
  /** Points to read back and search for. Default 200; 0 verifies counts only. */
  sample?: number | string;
  /** Least recall@10. Default 0.95. */
  minRecall?: number | string;
  /** JSONL of {query, id}. */
  knownItems?: string;
  /** Least share of known items among the first ten. Default 0.9. */
  minKnownItems?: number | string;
  /** Default 0. */
  maxFailures?: number | string;
  /** Records a second. Default: as fast as it goes. */
  rate?: number | string;
  /** Partitions at a time. Default 1. */
  concurrency?: number | string;
  /** `22:00-06:00`, UTC unless it has an offset. */
  between?: string;
  /** ISO 8601, or a duration from now, such as `8h`. */
  deadline?: string;
  /** For one million tokens. */
  price?: number | string;
  team?: string;
  /** Counts and estimates, and writes nothing. */
  dryRun?: boolean;
}

const count = (what: string, min: number, max: number) =>
  numeric(
    what,
    `a whole number from ${min} to ${max}`,
    (value) => Number.isInteger(value) && value >= min && value <= max,
  );
const share = (what: string) =>
  numeric(what, 'a number from 0 to 1, such as 0.95', (value) => value >= 0 && value <= 1);
const positive = (what: string, description: string) =>
  numeric(what, description, (value) => value > 0 && Number.isFinite(value));
const flag = (what: string) => z.boolean(expected(what, 'true or false'));
const names = (what: string) =>
  z
    .array(text(what, 'names of columns'), { error: `${what}: expected a list of names` })
    .min(1, { error: `${what}: expected at least one name` });

const collectionRule =
  'lower-case letters, digits and "-" (3 to 47, beginning with a letter), such as docs';
const teamRule = 'lower-case letters, digits, ".", "_" and "-", such as nlp';
const storesRule = 'a list such as chroma or qdrant=http://127.0.0.1:6333';

const backfillOptionsSchema = z.strictObject(
  {
    source: text('source', 'a file, a folder, or postgres://user@host/database'),
    sourceName: text('source name', 'a name such as handbook').max(200).optional(),
    idColumn: text('id column', 'the name of a column').optional(),
    textColumns: names('text columns').optional(),
    metadataColumns: names('metadata columns').optional(),
    query: text('query', 'a table or SELECT').optional(),
    changedColumn: text('changed column', 'the name of a column').optional(),
    collection: z
      .string(expected('collection', collectionRule))
      .regex(collectionPattern, expected('collection', collectionRule)),
    stores: z.array(text('store', storesRule), { error: `stores: expected ${storesRule}` }),
    model: text('model', 'an ingested model, such as minilm:latest').optional(),
    embedder: z
      .url({ ...expected('embedder', 'an address such as https://host/v1'), protocol: /^https?$/ })
      .optional(),
    pooling: z.enum(['mean', 'cls', 'last'], expected('pooling', 'mean, cls or last')).optional(),
    normalize: flag('normalize').optional(),
    dimensions: count('dimensions', 1, 16_000).optional(),
    maxTokens: count('chunk size', 8, 131_072).optional(),
    overlap: count('overlap', 0, 65_536).default(0),
    indexes: z.array(text('index', 'field:type such as year:integer')).default([]),
    fullText: flag('full text').default(false),
    quantizeVectors: z
      .enum(
        ['none', 'scalar', 'binary', 'half'],
        expected('vector quantization', 'none, scalar, binary or half'),
      )
      .default('none'),
    tenantField: text('tenant field', 'the name of a metadata field').optional(),
    pageRecords: count('page size', 1, 100_000).default(1000),
    partitionPages: count('pages a partition', 1, 10_000).default(10),
    rebuild: flag('rebuild').default(false),
    deleteMissing: flag('delete missing').default(false),
    keepPrevious: count('collections to keep', 0, 100).default(1),
    sample: count('sample', 0, 10_000).default(200),
    minRecall: share('least recall').default(0.95),
    knownItems: text('known items', 'the path of a JSONL file').optional(),
    minKnownItems: share('least share of known items').default(0.9),
    maxFailures: count('failures', 0, 1_000_000_000).default(0),
    rate: positive('rate', 'records a second, such as 200').optional(),
    concurrency: count('concurrency', 1, 64).default(1),
    between: text('between', 'two times of the day such as 22:00-06:00').optional(),
    deadline: text('deadline', 'a time such as 2027-01-01T06:00:00Z or a duration').optional(),
    price: positive('price', 'money for one million tokens, such as 0.02').optional(),
    team: z
      .string(expected('team', teamRule))
      .regex(tagPattern, expected('team', teamRule))
      .default('default'),
    dryRun: flag('dry run').default(false),
  },
  { error: unknownKey('backfill options', 'BackfillOptions') },
);

/** Options whose form is right; files and stores are not looked at yet. */
export type CheckedBackfillOptions = z.output<typeof backfillOptionsSchema>;

/** What is wrong with options of which more may come from elsewhere: no misspelt or malformed one. */
export function findWrongOption(
  options: Record<string, unknown>,
): { name: string; message: string } | undefined {
  const { error } = backfillOptionsSchema.partial().safeParse(options);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return undefined;
  if (issue.code !== 'unrecognized_keys') {
    return { name: String(issue.path[0]), message: issue.message };
  }
  const name = issue.keys[0] ?? '';
  return { name, message: `unknown option ${name}; see docs/backfill.yaml for those there are` };
}

/** @throws BerthError InvalidRequest: the first violation in one line, all of them in `details`. */
export function checkBackfillOptions(options: unknown): CheckedBackfillOptions {
  const parsed = backfillOptionsSchema.safeParse(options);
  if (!parsed.success) {
    // A misspelt name first: what it leaves missing only follows from it.
    const isUnknown = ({ code }: { code?: string }) => code === 'unrecognized_keys';
    const { issues } = parsed.error;
    const inOrder = [...issues.filter(isUnknown), ...issues.filter((issue) => !isUnknown(issue))];
    const violations = inOrder.map((issue) => issue.message);
    throw berthError('InvalidRequest', violations[0] ?? 'options are malformed', violations);
  }
  if (parsed.data.model === undefined) {
    throw berthError(
      'InvalidRequest',
      'model is missing: expected an ingested model such as minilm:latest; with an embedder, its name for the model',
    );
  }
  return parsed.data;
}
