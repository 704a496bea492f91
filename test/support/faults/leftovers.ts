import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Paths } from '../../../activities/platform/paths.ts';
import { isAlive, type ProcessIdentity } from '../../../workers/supervisor/procfs.ts';
import { readStack } from '../../../workers/supervisor/stack.ts';
import { processesOf } from './victims.ts';

/**
 * What a job must not leave behind: staging, scratch, candidates, half-written files and folders
 * anywhere, and processes that belong to no running stack.
 * @param known processes that were seen in the stack at any time
 */
export async function findLeftovers(
  paths: Paths,
  known: readonly ProcessIdentity[] = [],
): Promise<string[]> {
  const left: string[] = [];
  for (const folder of [paths.store.stagingRoot, paths.scratchRoot, paths.candidatesRoot]) {
    left.push(...(await names(folder)).map((name) => join(folder, name)));
  }
  for (const root of [paths.home, paths.shm]) {
    const found = await names(root, true);
    left.push(...found.filter((path) => path.endsWith('.partial')).map((path) => join(root, path)));
  }
  return [...new Set([...left, ...(await strayProcesses(paths, known))])];
}

async function names(folder: string, recursive = false): Promise<string[]> {
  return readdir(folder, { recursive }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function strayProcesses(paths: Paths, known: readonly ProcessIdentity[]): Promise<string[]> {
  const up = await readStack(paths);
  const ours = new Set(up === undefined ? [] : (await processesOf(paths)).map(({ pid }) => pid));
  const strays = known.filter((process) => isAlive(process) && !ours.has(process.pid));
  return Promise.all(strays.map(({ pid }) => describeProcess(pid)));
}

async function describeProcess(pid: number): Promise<string> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return `process ${pid}: ${command.replaceAll('\0', ' ').slice(0, 200)}`;
}
