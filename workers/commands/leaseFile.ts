import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeJsonAtomic } from '../../activities/platform/atomicFile.ts';
import type { Lease } from '../../workflows/contracts/lease.ts';

/** What a command finds in the file that BERTH_LEASE names. */
export interface LeaseFile {
  lease: Lease;
  devices: Lease['devices'];
  /** Milliseconds since the Unix epoch; later each time the lease is renewed. */
  expiresAt: number;
  /** Between SIGTERM and SIGKILL when the lease is revoked, ms. */
  graceMs: number;
  /** Set once it is being revoked; then SIGKILL comes at `graceUntil`, ms since the Unix epoch. */
  revoking: { reason: string; message: string; graceUntil: number } | null;
}

export const leaseFilePath = (runFolder: string, leaseId: string): string =>
  join(runFolder, 'leases', `${leaseId}.json`);

/** Where a command may write what it measured of itself: `{"p95Ms": number}`. */
export const reportPath = (leaseFile: string): string => `${leaseFile}.report`;

export async function writeLeaseFile(path: string, content: LeaseFile): Promise<void> {
  await writeJsonAtomic(path, content);
}

export async function removeLeaseFile(path: string): Promise<void> {
  await Promise.all([path, reportPath(path)].map((file) => rm(file, { force: true })));
}

const reportSchema = z.object({ p95Ms: z.number().positive().finite() });

/**
 * @returns `at`: when it was written, ms since the Unix epoch; undefined when there is none, or none
 *   that can be understood (half-written)
 */
export async function readReport(
  leaseFile: string,
): Promise<{ p95Ms: number; at: number } | undefined> {
  try {
    const path = reportPath(leaseFile);
    const found = await stat(path);
    // Who opens a pipe waits for its writer.
    if (!found.isFile() || found.size > 4096) return undefined;
    const { data } = reportSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return data && { p95Ms: data.p95Ms, at: Math.round(found.mtimeMs) };
  } catch {
    return undefined;
  }
}
