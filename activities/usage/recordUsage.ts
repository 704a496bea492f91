import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import type { HostActivities } from '../../workflows/contracts/activities.ts';
import type { UsageRecord } from '../../workflows/contracts/pool/usage.ts';
import type { Paths } from '../platform/paths.ts';

export interface UsageDeps {
  paths: Pick<Paths, 'home'>;
}

/** Ended leases, one JSON document a line. */
export const usageFile = ({ home }: Pick<Paths, 'home'>): string =>
  join(home, 'usage', 'leases.jsonl');

/** Keeps ended leases in a file that only grows; the host worker is its only writer. */
export function createUsageActivities({ paths }: UsageDeps): Pick<HostActivities, 'recordUsage'> {
  const path = usageFile(paths);
  // Two attempts of one batch must not both find it missing.
  const oneAtATime = pLimit(1);
  let recorded: Set<string> | undefined;

  const append = async (records: UsageRecord[]): Promise<void> => {
    recorded ??= await readRecorded(path);
    const known = recorded;
    const fresh = records.filter(({ leaseId }) => !known.has(leaseId));
    if (fresh.length === 0) return;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a', 0o600);
    try {
      // Begins a line of its own, as what a crash has cut off above must not swallow it.
      await file.appendFile(fresh.map((record) => `\n${JSON.stringify(record)}`).join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    for (const { leaseId } of fresh) known.add(leaseId);
  };

  return {
    recordUsage: (records) =>
      oneAtATime(async () => {
        try {
          await append(records);
        } catch (error) {
          // What has been written of the batch is not known: read it again.
          recorded = undefined;
          throw error;
        }
      }),
  };
}

async function readRecorded(path: string): Promise<Set<string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return new Set(text.split('\n').flatMap(leaseIdOf));
}

function leaseIdOf(line: string): string[] {
  try {
    const { leaseId } = JSON.parse(line) as UsageRecord;
    return [leaseId];
  } catch {
    return [];
  }
}
