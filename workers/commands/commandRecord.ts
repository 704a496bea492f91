import { z } from 'zod';
import type { Logger } from '../../activities/platform/logging.ts';
import { leaseSchema } from './protocol.ts';
import { createRecordStore, type RecordStore } from './recordStore.ts';

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
  /** Cores of its part of each device, by deviceId, such as `0-3`; null for all. */
  cores: z.record(z.string(), z.string().nullable()).default({}),
  /** Null until the launcher has registered. */
  group: groupSchema.nullable(),
  /** When the lease expires here, ms since the Unix epoch: what is left after a restart. */
  expiresAt: z.number(),
});
/** A command that this host runs, or is about to run, under a lease. */
export type CommandRecord = z.infer<typeof recordSchema>;

export type CommandStore = RecordStore<CommandRecord>;

/** One file a command, so that a supervisor that starts again knows what it has to end. */
export const createCommandStore = (folder: string, logger: Logger): CommandStore =>
  createRecordStore<CommandRecord>({
    folder,
    schema: recordSchema,
    idOf: ({ lease }) => lease.leaseId,
    logger,
  });
