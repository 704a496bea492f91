import { z } from 'zod';

/**
 * What `berth run` and the supervisor say to each other: one JSON document a line over the Unix socket
 * `paths.commandSocket` (mode 0600). A connection stands for the runner's life: when it closes
 * without `done`, the workflow that holds for the runner is told; without `finished`, the command's
 * process group is ended.
 */
const deviceSchema = z.object({
  deviceId: z.string(),
  taskQueue: z.string(),
  hostId: z.string(),
  epoch: z.number().int().positive(),
  liveEpochs: z.array(z.number().int().positive()),
  milli: z.number().int().min(1).max(1000),
  memoryMib: z.number().nonnegative(),
});

export const leaseSchema = z.object({
  leaseId: z.string().min(1),
  pool: z.string(),
  team: z.string(),
  expiresAt: z.number(),
  devices: z.array(deviceSchema).min(1),
});

export const runnerMessageSchema = z.discriminatedUnion('type', [
  /** Before the request is made, and on each later connection for it: answers `held`. */
  z.object({ type: z.literal('hold'), pool: z.string().min(1), requestId: z.string().min(1) }),
  /** The workflow that holds for the runner has been told by the runner itself: answers `done`. */
  z.object({ type: z.literal('done'), requestId: z.string().min(1) }),
  /** Before anything runs: admits the lease's epochs, prepares its shares, answers `prepared`. */
  z.object({
    type: z.literal('prepare'),
    lease: leaseSchema,
    requestId: z.string(),
    /** Workflow that holds the lease. */
    holder: z.object({ workflowId: z.string(), runId: z.string() }),
    label: z.string(),
    trustDomain: z.string(),
  }),
  /** The launcher waits in its own process group, not yet the command: answers `started`. */
  z.object({
    type: z.literal('start'),
    leaseId: z.string(),
    /** Process group of the command. */
    pgid: z.number().int().positive(),
    /** Field 22 of /proc/<pid>/stat of its leader: a number used again is another process. */
    startTime: z.string(),
  }),
  /** After a lost connection: the command runs on under its lease. Answers `started`. */
  z.object({ type: z.literal('resume'), leaseId: z.string() }),
  /** The command has ended by itself; what is left of its group is ended. Answers `cleared`. */
  z.object({ type: z.literal('finished'), leaseId: z.string(), exitCode: z.number().int() }),
]);
export type RunnerMessage = z.infer<typeof runnerMessageSchema>;

export const supervisorMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('held') }),
  z.object({ type: z.literal('done') }),
  z.object({
    type: z.literal('prepared'),
    /** Added to the command's environment: CUDA_VISIBLE_DEVICES, MPS variables, BERTH_LEASE, … */
    env: z.record(z.string(), z.string()),
    /** Cores to bind to, such as `0-3`; null for all. */
    cores: z.string().nullable(),
    /** Limit of each process's data segment (RLIMIT_DATA), bytes; null for none. */
    dataLimitBytes: z.number().nullable(),
    /** Folder of a cgroup v2 to enter; null where not permitted. */
    cgroup: z.string().nullable(),
    /** JSON file that describes the lease; BERTH_LEASE names it. */
    leaseFile: z.string(),
  }),
  z.object({ type: z.literal('started') }),
  /** SIGTERM has been sent; SIGKILL follows at `graceUntil` (ms since the Unix epoch). */
  z.object({
    type: z.literal('revoking'),
    reason: z.string(),
    message: z.string(),
    graceUntil: z.number(),
  }),
  z.object({ type: z.literal('killed'), reason: z.string(), message: z.string() }),
  /** Nothing of the lease runs any more and its epochs are over. */
  z.object({ type: z.literal('cleared') }),
  z.object({ type: z.literal('error'), failure: z.string(), message: z.string() }),
]);
export type SupervisorMessage = z.infer<typeof supervisorMessageSchema>;
