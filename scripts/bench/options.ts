import { parse as parseBytes } from 'bytes';
import { type Command, InvalidArgumentError } from 'commander';

/** For `--bytes 512MiB` and the like; `bytes` counts KB, MB and GB in powers of two. */
export function byteCount(text: string): number {
  const value = parseBytes(text.replace(/i(?=b$)/i, ''));
  if (value === null || value <= 0) throw new InvalidArgumentError('expected a size such as 1GiB');
  return value;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected 1 or more');
  return value;
}

export function addRounds(command: Command, rounds: number): void {
  command.option('--rounds <n>', 'interleaved rounds, of which medians', positiveInteger, rounds);
}
