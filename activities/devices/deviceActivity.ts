import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Paths } from '../platform/paths.ts';

/**
 * When a device last worked under a lease: the time of a small file beside its fence. Written by
 * the device worker while an activity runs, read by the allocator, so that a lease at work does not
 * expire.
 */
function activeFile(paths: Paths, deviceId: string): string {
  return join(dirname(paths.device(deviceId).fence), 'active');
}

export async function markDeviceActive(paths: Paths, deviceId: string, now: Date): Promise<void> {
  const path = activeFile(paths, deviceId);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, '', { flag: 'a', mode: 0o600 });
  await utimes(path, now, now);
}

/** Milliseconds since the Unix epoch; 0 when it never worked. */
export async function deviceLastActive(paths: Paths, deviceId: string): Promise<number> {
  try {
    // The kernel keeps nanoseconds, and setting milliseconds rounds.
    return Math.round((await stat(activeFile(paths, deviceId))).mtimeMs);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
