import { readFile } from 'node:fs/promises';

/**
 * Memory of processes together, MiB: proportional set sizes, so that what they share counts once
 * (smaps_rollup, proc(5)); where that may not be read, anonymous and shared memory of each.
 */
export async function processMemoryMib(pids: readonly number[], proc = '/proc'): Promise<number> {
  const kib = await Promise.all(pids.map((pid) => memoryKib(`${proc}/${pid}`)));
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

async function memoryKib(folder: string): Promise<number> {
  const rollup = await readOrEmpty(`${folder}/smaps_rollup`);
  if (rollup !== '') return field(rollup, 'Pss');
  const status = await readOrEmpty(`${folder}/status`);
  return field(status, 'RssAnon') + field(status, 'RssShmem');
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** A process may end between any two reads, or belong to another user. */
function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
