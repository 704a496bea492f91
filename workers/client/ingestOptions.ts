import { z } from 'zod';
import { parseSize } from '../../activities/platform/size.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { modelNamePattern, tagPattern } from '../../workflows/contracts/ids.ts';
import type { GateThresholds, QuantizationMethod } from '../../workflows/contracts/ingest.ts';
import { expected, numeric, text, unknownKey } from './optionRules.ts';

/** What `ingest` takes. Every file is on the host that runs the stack. */
export interface IngestOptions {
  /** Folder with a Hugging Face model; relative paths are resolved here and now. */
  source: string;
  /** Lower case, one optional `/`: `minilm` or `team/minilm`. */
  name: string;
  /** Default `latest`. */
  tag?: string;
  /** Default `nf4`. */
  quantize?: QuantizationMethod;
  /** Quantizes the absmax values as well; nf4 and fp4 only. Default false. */
  doubleQuant?: boolean;
  /** Upper bound of one shard: bytes, or text such as `512MiB` (the default). */
  shardSize?: number | string;
  /** As transformers' `llm_int8_skip_modules`. */
  skipModules?: string[];
  /** Thresholds of the accuracy gate; what is absent takes the method's default. */
  gate?: GateThresholds;
  /** Text file, one sentence or paragraph a line, instead of the built-in calibration text. */
  calibration?: string;
  /** PEM file of the public key that the source's OpenSSF model signature must verify with. */
  verifyKey?: string;
  /** Files that would be left out are an error. Default false. */
  strict?: boolean;
  /** Who asks; devices are shared fairly among teams. Default `default`. */
  team?: string;
}

const minShardBytes = 2 ** 20;
const maxShardBytes = 2 ** 40;

const methods = ['none', 'int8', 'nf4', 'fp4'] as const;
const nameRule =
  'lower-case letters, digits, ".", "_" and "-" (at most 63, beginning with a letter or digit), with one optional "/", such as minilm or team/minilm';
const tagRule =
  'lower-case letters, digits, ".", "_" and "-" (at most 63, beginning with a letter or digit), such as latest or v1.2';
const sizeRule = 'a size from 1MiB to 1TiB, such as 512MiB or 2GB';

const shardSize = z
  .custom<number | string>(
    (value) => {
      const size = typeof value === 'string' ? parseSize(value) : value;
      return (
        typeof size === 'number' &&
        Number.isSafeInteger(size) &&
        size >= minShardBytes &&
        size <= maxShardBytes
      );
    },
    expected('shard size', sizeRule),
  )
  .transform((value) => (typeof value === 'string' ? (parseSize(value) ?? 0) : value));

const gate = z.strictObject(
  {
    minCosine: numeric(
      'gate minimum cosine',
      'a number from -1 to 1, such as 0.95',
      (value) => value >= -1 && value <= 1,
    ).optional(),
    maxKl: numeric(
      'gate maximum KL divergence',
      'a positive number of nats, such as 0.25',
      (value) => value > 0 && Number.isFinite(value),
    ).optional(),
    maxPerplexityIncrease: numeric(
      'gate maximum perplexity increase',
      'a fraction of at least 0, such as 0.15 for 15 %',
      (value) => value >= 0 && Number.isFinite(value),
    ).optional(),
  },
  { error: unknownKey('gate thresholds', 'IngestOptions') },
);

const ingestOptionsSchema = z
  .strictObject(
    {
      source: text('source', 'the path of a folder with a Hugging Face model'),
      name: z
        .string(expected('name', nameRule))
        .regex(modelNamePattern, expected('name', nameRule)),
      tag: z
        .string(expected('tag', tagRule))
        .regex(tagPattern, expected('tag', tagRule))
        .default('latest'),
      quantize: z
        .enum(methods, expected('quantization method', `one of ${methods.join(', ')}`))
        .default('nf4'),
      doubleQuant: z.boolean(expected('double quantization', 'true or false')).default(false),
      shardSize: shardSize.default(512 * 2 ** 20),
      skipModules: z
        .array(text('module to skip', 'a module name such as lm_head'), {
          error: 'modules to skip: expected a list of names such as lm_head',
        })
        .min(1, { error: 'modules to skip: expected at least one name such as lm_head' })
        .optional(),
      gate: gate.default({}),
      calibration: text('calibration', 'the path of a text file').optional(),
      verifyKey: text('verify key', 'the path of a PEM file with a public key').optional(),
      strict: z.boolean(expected('strict', 'true or false')).default(false),
      team: z
        .string(expected('team', tagRule))
        .regex(tagPattern, expected('team', tagRule))
        .default('default'),
    },
    { error: unknownKey('ingest options', 'IngestOptions') },
  )
  .superRefine((options, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message });
    const { quantize } = options;
    if (options.doubleQuant && quantize !== 'nf4' && quantize !== 'fp4') {
      complain(`double quantization with ${quantize}: expected nf4 or fp4; choose one or leave it`);
    }
    if (quantize !== 'none') return;
    if (options.skipModules) {
      complain('modules to skip with none: nothing is quantized; leave them or choose a method');
    }
    if (Object.values(options.gate).some((value) => value !== undefined)) {
      complain('gate thresholds with none: there is no gate; leave them or choose a method');
    }
  });

/** Options whose form is right; files are not looked at yet (see ingestFiles.ts). */
export type CheckedIngestOptions = z.output<typeof ingestOptionsSchema>;

/** @throws BerthError InvalidRequest: the first violation in one line, all of them in `details`. */
export function checkIngestOptions(options: unknown): CheckedIngestOptions {
  const parsed = ingestOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.map((issue) => issue.message);
  throw berthError('InvalidRequest', violations[0] ?? 'ingest options are malformed', violations);
}
