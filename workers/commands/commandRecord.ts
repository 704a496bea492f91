import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJsonAtomic } from '../../activities/platform/atomicFile.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import { leaseSchema } from './protocol.ts';

const groupSchema = z.object({
  pgid: z.number().int().positive(),
  /** Of the group's leader, clock ticks since boot. */
  startTime: z.number(),
  /** A process group lies within one session (credentials(7)). */
  session: z.number().int(),
  bootId: z.string(),
});
/** A process group that is told from a later one with the same number. */
export type ProcessGroup = z.infer<typeof groupSchema>;

const recordSchema = z.object({
  lease: leaseSchema,
  requestId: z.string(),
  holder: z.object({ workflowId: z.string(), runId: z.string() }),
  label: z.string(),
  trustDomain: z.string(),
  leaseFile: z.string(),
  cgroup: z.string().nullable(),
  /** Null until the launcher has registered. */
  group: groupSchema.nullable(),
  /** When the lease expires here, ms since the Unix epoch: what is left after a restart. */
  expiresAt: z.number(),
});
/** A command that this host runs, or is about to run, under a lease. */
export type CommandRecord = z.infer<typeof recordSchema>;

export interface CommandStore {
  save(record: CommandRecord): Promise<void>;
  remove(leaseId: string): Promise<void>;
  /** Records of an earlier supervisor; one that cannot be read is reported and left where it is. */
  load(): Promise<CommandRecord[]>;
}

/** One file a command, so that a supervisor that starts again knows what it has to end. */
export function createCommandStore(folder: string, logger: Logger): CommandStore {
  const fileOf = (leaseId: string) => join(folder, `${leaseId}.json`);
  return {
    save: (record) => writeJsonAtomic(fileOf(record.lease.leaseId), record),
    remove: (leaseId) => rm(fileOf(leaseId), { force: true }),
    async load() {
      const names = await readdir(folder).catch(() => []);
      const records: CommandRecord[] = [];
      for (const name of names.filter((name) => /^[^.].*\.json$/.test(name)).sort()) {
        try {
          const record = await readJson(join(folder, name), recordSchema);
          if (record !== undefined) records.push(record);
        } catch (error) {
          logger.error({ error: String(error) }, 'a command of an earlier run is not known');
        }
      }
      return records;
    },
  };
}
