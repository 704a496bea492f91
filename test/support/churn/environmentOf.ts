import { readFileSync } from 'node:fs';

/** Variables that a process was started with, `NAME=value`; none for one that is gone or hidden. */
export function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
