import { z } from 'zod';

/** What a worker tells its supervisor over the IPC channel. */
export const workerMessageSchema = z.discriminatedUnion('type', [
  /** It polls its queue. */
  z.object({ type: z.literal('ready'), queue: z.string() }),
  /** It cannot run; `message` is one line. It exits next. */
  z.object({ type: z.literal('failed'), message: z.string() }),
  z.object({
    type: z.literal('bridge'),
    state: z.enum(['none', 'starting', 'running', 'failed']),
    pid: z.number().nullable(),
    message: z.string().nullable(),
  }),
  /** Epochs under which its device is at work: by a running activity or a bridge. */
  z.object({ type: z.literal('work'), epochs: z.array(z.number().int()) }),
  /** Answers `endLease`: nothing runs under the epoch, and nothing will. */
  z.object({ type: z.literal('leaseEnded'), epoch: z.number().int() }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

/** What a supervisor tells a device worker. */
export const controlMessageSchema = z.discriminatedUnion('type', [
  /** The lease is over although its holder has not cleared the device. */
  z.object({ type: z.literal('endLease'), epoch: z.number().int() }),
]);
export type ControlMessage = z.infer<typeof controlMessageSchema>;

/** What a supervisor tells the process that started it. */
export const supervisorMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), message: z.string() }),
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('failed'), failure: z.string(), message: z.string() }),
]);
export type SupervisorMessage = z.infer<typeof supervisorMessageSchema>;

/**
 * Sends to the parent, if there is one that listens: a detached stack outlives it.
 * Resolves once the message is handed over, so that a process may exit afterwards.
 */
export function sendToParent(message: WorkerMessage | SupervisorMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}
