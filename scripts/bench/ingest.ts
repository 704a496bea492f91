import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { QuantizationMethod } from '../../workflows/contracts/ingest.ts';
import type { Bench, BenchReport, Say } from './bench.ts';
import { type IngestRun, reportIngest } from './ingesting/ingestReport.ts';
import { type OwnStack, startOwnStack } from './ingesting/ownStack.ts';
import {
  hasOpenssl,
  type PlainRun,
  runPlainScript,
  writeSyntheticLlama,
} from './ingesting/plainScript.ts';
import { sampleStack } from './ingesting/stackMemory.ts';
import { type Tidy, tidily } from './ingesting/tidily.ts';
import { addRounds, byteCount } from './options.ts';
import { interleave } from './statistics.ts';

interface Setting {
  bytes: number;
  rounds: number;
  quantize: QuantizationMethod;
  shardBytes: number;
  store: string;
  shm: string;
}

/** A whole ingest of a synthetic Llama through a stack of its own, against a plain script. */
export const bench: Bench = {
  name: 'ingest',
  description: 'a synthetic model end to end: rate by stage and peak memory by process',
  configure(command: Command) {
    addRounds(command, 1);
    command.option('--bytes <size>', 'size of the model', byteCount, 4e9);
    const methods = ['none', 'int8', 'nf4', 'fp4'];
    command.addOption(new Option('--quantize <method>').choices(methods).default('nf4'));
    command.option('--shard-size <size>', 'upper bound of a shard', byteCount, 512 * 2 ** 20);
    command.option('--shm <folder>', 'on a tmpfs', process.env.BERTH_SHM ?? '/dev/shm');
    command.option('--store <folder>', 'on a disk', tmpdir());
  },
  run: ({ bytes, rounds, quantize, shardSize, store, shm }, say) => {
    const setting: Setting = {
      bytes: Number(bytes),
      rounds: Number(rounds),
      quantize: quantize as QuantizationMethod,
      shardBytes: Number(shardSize),
      store: String(store),
      shm: String(shm),
    };
    return tidily((tidy, interrupted) => measure(setting, say, tidy, interrupted));
  },
};

async function measure(
  setting: Setting,
  say: Say,
  tidy: Tidy,
  interrupted: AbortSignal,
): Promise<BenchReport> {
  const { bytes, rounds, quantize } = setting;
  say('ingest: starting a stack of its own');
  const own = await startOwnStack(setting, tidy);
  interrupted.throwIfAborted();
  say(`ingest: writing a random Llama of ${bytes} bytes`);
  const source = join(own.home, 'source');
  await writeSyntheticLlama(source, bytes, interrupted);
  const calibration = join(own.home, 'calibration.txt');
  await writeFile(calibration, calibrationText);
  const asked = { source, calibration: quantize === 'none' ? undefined : calibration };

  const ours: IngestRun[] = [];
  const plain: PlainRun[] = [];
  const bringIn = async () => {
    say(`ingest: Berth, ${quantize}`);
    const job = { ...setting, ...asked, name: `bench-${ours.length + 1}` };
    ours.push(await runIngest(own, job, interrupted));
  };
  const compare = async () => {
    say('ingest: the plain script');
    const { home, shm } = own;
    plain.push(await runPlainScript({ source, quantize, shm, home, interrupted }));
  };
  const turns: Record<string, () => Promise<void>> = { bringIn };
  if (await hasOpenssl()) turns.compare = compare;
  await interleave(rounds, turns);
  return reportIngest(ours, plain);
}

interface Job {
  source: string;
  name: string;
  quantize: QuantizationMethod;
  shardBytes: number;
  calibration: string | undefined;
}

async function runIngest(
  { berth, stack, paths }: OwnStack,
  { source, name, quantize, shardBytes, calibration }: Job,
  interrupted: AbortSignal,
): Promise<IngestRun> {
  interrupted.throwIfAborted();
  const stopSampling = sampleStack(stack, paths);
  const started = performance.now();
  const options = { source, name, quantize, shardSize: shardBytes, calibration };
  const job = await berth.ingest(options);
  // The wait for it then ends as well, and nothing of it is left when the stack stops.
  const cancel = () => void job.cancel().catch(() => undefined);
  interrupted.addEventListener('abort', cancel, { once: true });
  if (interrupted.aborted) cancel();
  const result = await job.result().finally(() => {
    interrupted.removeEventListener('abort', cancel);
    stopSampling();
  });
  const seconds = (performance.now() - started) / 1000;
  const samples = stopSampling();
  const { manifest } = await berth.show(name);
  const shards = manifest.files.filter(({ path }) => path.endsWith('.safetensors'));
  const largestShard = Math.max(...shards.map(({ plaintextBytes }) => plaintextBytes));
  // The next round must find nothing that it could share.
  await berth.evict(name);
  await berth.remove(name);
  return { result, seconds, samples, largestShard };
}

/**
 * The gate's time grows with its text as much as with the model; a random model has no tokenizer, so
 * that each byte of it is a token.
 */
const calibrationText = [
  'a ship lies at the quay',
  'nobody knows the cargo',
  'the crane swings twice before noon',
  'ropes are cheaper than regret',
  '',
].join('\n');
