import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { processTree } from '../../workers/supervisor/procfs.ts';

const intervalMs = 20;

/**
 * Samples private and shared-memory bytes (proc(5): RssAnon + RssShmem) of processes with all their
 * children, plus what lies in some folders of shared memory, until stopped.
 */
export function sampleMemory(pids: readonly number[], folders: readonly string[]) {
  const measure = () =>
    pids.flatMap(processTree).reduce((sum, pid) => sum + ownBytes(pid), 0) +
    folders.reduce((sum, folder) => sum + folderBytes(folder), 0);
  const first = measure();
  let peak = first;
  const timer = setInterval(() => {
    peak = Math.max(peak, measure());
  }, intervalMs);
  return {
    first,
    /** @returns the greatest sum that was seen, bytes. */
    stop(): number {
      clearInterval(timer);
      return Math.max(peak, measure());
    },
  };
}

/** 0 for a process that has ended. */
export function ownBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)];
    return kilobytes.reduce((sum, [, value]) => sum + Number(value) * 1024, 0);
  } catch {
    return 0;
  }
}

/** Allocated bytes, not lengths: a reserved file counts, a sparse one does not. */
export function folderBytes(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(folder, entry.name);
      return sum + (entry.isDirectory() ? folderBytes(path) : statSync(path).blocks * 512);
    }, 0);
  } catch {
    return 0;
  }
}
