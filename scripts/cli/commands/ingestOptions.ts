import type { Command } from 'commander';
import type { IngestOptions } from '../../../workers/client/ingestOptions.ts';

/** What commander makes of the options of `ingest` and `schedule ingest`; checked by the client. */
export interface IngestFlags {
  name: string;
  tag: string;
  quantize: string;
  doubleQuant?: boolean;
  shardSize: string;
  skipModules?: string;
  gateMinCosine?: string;
  gateMaxKl?: string;
  gateMaxPerplexityIncrease?: string;
  calibration?: string;
  verifyKey?: string;
  strict?: boolean;
}

export function addIngestOptions(command: Command): Command {
  return command
    .argument('<source>', 'folder with a Hugging Face model')
    .requiredOption('--name <name>', 'name of the model, such as minilm or team/minilm')
    .option('--tag <tag>', 'tag to move to the new version', 'latest')
    .option('--quantize <method>', 'none, int8, nf4 or fp4', 'nf4')
    .option('--double-quant', 'quantize the absmax values as well (nf4, fp4)')
    .option('--shard-size <size>', 'upper bound of one shard', '512MiB')
    .option('--skip-modules <names>', 'modules to leave as they are, comma-separated')
    .option('--gate-min-cosine <x>', 'encoders: lowest mean cosine to accept')
    .option('--gate-max-kl <x>', 'language models: highest mean KL divergence to accept, nats')
    .option(
      '--gate-max-perplexity-increase <x>',
      'language models: highest relative increase to accept (0.15 = 15 %)',
    )
    .option('--calibration <file>', 'text to measure accuracy on, one sentence or paragraph a line')
    .option('--verify-key <pem>', "public key that the source's signature must verify with")
    .option('--strict', 'refuse sources with files that would be left out');
}

/** The client's options; forms and files are checked there, not here. */
export function toIngestOptions(source: string, flags: IngestFlags): IngestOptions {
  return {
    source,
    name: flags.name,
    tag: flags.tag,
    quantize: flags.quantize as IngestOptions['quantize'],
    doubleQuant: flags.doubleQuant,
    shardSize: flags.shardSize,
    skipModules: flags.skipModules?.split(',').map((name) => name.trim()),
    gate: {
      minCosine: flags.gateMinCosine,
      maxKl: flags.gateMaxKl,
      maxPerplexityIncrease: flags.gateMaxPerplexityIncrease,
    } as IngestOptions['gate'],
    calibration: flags.calibration,
    verifyKey: flags.verifyKey,
    strict: flags.strict,
  };
}
