import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';
import type { QuantizationMethod } from '../../../workflows/contracts/ingest.ts';
import { sampleMemory } from '../memorySampler.ts';

export interface PlainRun {
  seconds: number;
  /** Greatest private and shared memory of Python, with what it saved in shared memory. */
  peakBytes: number;
}

export interface PlainOptions {
  source: string;
  quantize: QuantizationMethod;
  /** For the quantized model, in plain text. */
  shm: string;
  /** For the encrypted files. */
  home: string;
  interrupted: AbortSignal;
}

export function nameOfPlainScript(quantized: boolean): string {
  return `${quantized ? 'transformers, ' : ''}openssl enc, sha256sum`;
}

/**
 * What one would write without Berth: transformers quantizes and saves, openssl encrypts each file
 * (aes-256-ctr, which does not authenticate), sha256sum reads the result. No gate, no signature.
 */
export async function runPlainScript(options: PlainOptions): Promise<PlainRun> {
  const { source, quantize, shm, home, interrupted } = options;
  const [quantized, stored] = [join(shm, 'plain'), join(home, 'plain')];
  const run = (command: string, args: string[]) =>
    execa(command, args, { cancelSignal: interrupted });
  const started = performance.now();
  let peakBytes = 0;
  await mkdir(stored);
  try {
    if (quantize !== 'none') {
      const args = [source, quantized, quantize, 'false', String(availableParallelism())];
      const python = run(findPython(), [script('loadQuantizeSave.py'), ...args]);
      const memory = sampleMemory([python.pid ?? 0], [quantized]);
      try {
        await python;
      } finally {
        peakBytes = memory.stop();
      }
    }
    const from = quantize === 'none' ? source : quantized;
    for (const file of await readdir(from)) {
      const input = ['-in', join(from, file), '-out', join(stored, file)];
      const key = ['-K', randomBytes(32).toString('hex'), '-iv', randomBytes(16).toString('hex')];
      await run('openssl', ['enc', '-aes-256-ctr', ...key, ...input]);
      await run('sha256sum', [join(stored, file)]);
      await run('sync', [join(stored, file)]);
    }
    return { seconds: (performance.now() - started) / 1000, peakBytes };
  } finally {
    await rm(quantized, { recursive: true, force: true });
    await rm(stored, { recursive: true, force: true });
  }
}

export async function hasOpenssl(): Promise<boolean> {
  return !(await execa('openssl', ['version'], { reject: false })).failed;
}

/** Writes a random Llama in bfloat16 of about so many bytes, shard by shard, into a new folder. */
export async function writeSyntheticLlama(
  folder: string,
  bytes: number,
  interrupted?: AbortSignal,
): Promise<void> {
  await mkdir(folder);
  const args = [script('syntheticLlama.py'), folder, String(bytes)];
  await execa(findPython(), args, { cancelSignal: interrupted });
}

const script = (name: string) => join(packageRoot(), 'scripts', 'bench', 'quantizing', name);
