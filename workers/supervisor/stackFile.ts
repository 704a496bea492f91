import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJsonAtomic } from '../../activities/platform/atomicFile.ts';
import type { Paths } from '../../activities/platform/paths.ts';

const bindingSchema = z.object({
  expected: z.string().nullable(),
  actual: z.string(),
  processes: z.number(),
  threads: z.number(),
  verified: z.boolean(),
});

const bridgeSchema = z.object({
  /** `none`: no lease needed one yet, or the last was cleared. */
  state: z.enum(['none', 'starting', 'running', 'failed']),
  pid: z.number().nullable(),
  /** Why the last one failed, if it did. */
  message: z.string().nullable(),
});
export type BridgeStatus = z.infer<typeof bridgeSchema>;

const processSchema = z.object({
  /** `temporal`, `chroma`, `workflow`, `host`, or `device-` and the device's label. */
  name: z.string(),
  pid: z.number().nullable(),
  /** `running`: it serves. `backoff`: it died and is started again in a moment. */
  state: z.enum(['starting', 'running', 'backoff', 'stopping', 'stopped']),
  /** Starts after the first. */
  restarts: z.number(),
  /** How it ended last, such as `signal SIGKILL`; null if it never did. */
  lastExit: z.string().nullable(),
  queue: z.string().nullable(),
  /** Prometheus endpoint, `host:port`; null without BERTH_METRICS. */
  metrics: z.string().nullable(),
  /** Device workers only. */
  deviceId: z.string().nullable(),
  binding: bindingSchema.nullable(),
  bridge: bridgeSchema.nullable(),
});
export type ProcessStatus = z.infer<typeof processSchema>;

const temporalSchema = z.object({
  /** Berth runs the server itself. */
  embedded: z.boolean(),
  address: z.string(),
  namespace: z.string(),
  /** Null where Berth does not know it (a server of somebody else). */
  uiUrl: z.string().nullable(),
  /** Ports of the embedded server, taken again at the next start. */
  ports: z.object({ frontend: z.number(), ui: z.number() }).nullable(),
});
export type TemporalStatus = z.infer<typeof temporalSchema>;

const chromaSchema = z.object({
  url: z.string(),
  /** Taken again at the next start. */
  port: z.number(),
});
/** The stack's own vector store. */
export type ChromaStatus = z.infer<typeof chromaSchema>;

export const stackSchema = z.object({
  /** Of the supervisor; `isAlive` (procfs.ts) tells whether it still runs. */
  supervisor: z.object({ pid: z.number(), startTime: z.number(), bootId: z.string() }),
  state: z.enum(['starting', 'ready', 'draining', 'stopped']),
  hostId: z.string(),
  startedAt: z.string(),
  temporal: temporalSchema.nullable(),
  /** Null with BERTH_CHROMA=off. */
  chroma: chromaSchema.nullable().default(null),
  /** Where `berth run` reaches the supervisor; null while it does not listen. */
  commandSocket: z.string().nullable().default(null),
  processes: z.array(processSchema),
  /** Devices that were found but not taken, and why. */
  skippedDevices: z.array(z.object({ deviceId: z.string(), reason: z.string() })),
});
/** What `berth status` shows; written by the supervisor at every change. */
export type StackFile = z.infer<typeof stackSchema>;

/** Held by the supervisor: one a BERTH_HOME. */
export const supervisorLock = (paths: Paths): string => join(paths.run, 'supervisor.lock');

/** The file as it is, also of a stack that has ended; undefined when none ever ran. */
export async function readStackFile(paths: Paths): Promise<StackFile | undefined> {
  return readJson(paths.stack, stackSchema);
}

/** Writes the newest state only: changes that come while a write is under way share the next one. */
export function createStackWriter(paths: Paths, read: () => StackFile) {
  let running: Promise<void> | undefined;
  let again = false;

  const drain = async (): Promise<void> => {
    do {
      again = false;
      await writeJsonAtomic(paths.stack, read());
    } while (again);
  };

  /** Resolves when the state at the time of the call, or a later one, is on disk. */
  return function write(): Promise<void> {
    again = true;
    running ??= drain().finally(() => {
      running = undefined;
    });
    return running;
  };
}
