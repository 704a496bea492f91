import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../activities/platform/logging.ts';
import { type ControlMessage, workerMessageSchema } from './messages.ts';
import { identifyProcess, isAlive, type ProcessIdentity, processTree } from './procfs.ts';

/** What the supervisor knows of one device worker's work, and how it ends it. */
export interface DeviceControl {
  /** A worker process has been started for the device. */
  attach(child: ChildProcess): void;
  /** Epochs at work: by an activity, or by a bridge that may still be there. */
  working(): number[];
  /**
   * Resolves once nothing of the worker runs under the epoch: its bridge has exited, or, where the
   * worker does not say so in time, it and all that it started are dead. The fence is the caller's to
   * close before.
   */
  end(epoch: number): Promise<void>;
}

export interface DeviceControlDeps {
  deviceId: string;
  logger: Logger;
  /** Time for an answer, ms. */
  patienceMs?: number;
}

export function createDeviceControl(deps: DeviceControlDeps): DeviceControl {
  const { deviceId, logger, patienceMs = 5_000 } = deps;
  let worker: ChildProcess | undefined;
  let serving = false;
  let epochs: number[] = [];
  let bridge: ProcessIdentity | undefined;

  /** Leads a process group of its own; nobody is left to use it. */
  const killBridge = (): void => {
    if (bridge !== undefined && isAlive(bridge)) kill(-bridge.pid);
  };

  async function endWorker(child: ChildProcess): Promise<void> {
    const tree = processTree(child.pid ?? 0).flatMap((pid) => identifyProcess(pid) ?? []);
    child.kill('SIGKILL');
    for (const part of tree) if (isAlive(part)) kill(part.pid);
    killBridge();
    // Ends of processes that are not our children raise no event.
    while (tree.some(isAlive)) await delay(20);
  }

  async function untilBridgeGone(): Promise<void> {
    killBridge();
    while (bridge !== undefined && isAlive(bridge)) await delay(20);
  }

  return {
    attach(child) {
      worker = child;
      serving = false;
      child.on('message', (raw) => {
        const message = workerMessageSchema.safeParse(raw).data;
        if (message?.type === 'ready') serving = true;
        if (message?.type === 'work') epochs = message.epochs;
        if (message?.type === 'bridge') {
          bridge = message.pid === null ? bridge : identifyProcess(message.pid);
        }
      });
      child.once('exit', () => {
        if (worker !== child) return;
        worker = undefined;
        void untilBridgeGone().then(() => {
          if (worker === undefined || !serving) epochs = [];
        });
      });
    },
    working: () => epochs,
    async end(epoch) {
      const child = worker;
      // A worker that does not serve yet has let nobody in, and the fence is closed.
      if (child === undefined || !serving) return untilBridgeGone();
      if (await asksWell(child, epoch, patienceMs)) return;
      logger.warn({ deviceId, epoch }, 'the device worker did not end the lease; killing it');
      await endWorker(child);
      await untilBridgeGone();
    },
  };
}

/** @returns whether the worker has ended the lease; false when it died or is silent */
async function asksWell(child: ChildProcess, epoch: number, patienceMs: number): Promise<boolean> {
  const settled = new AbortController();
  const { signal } = settled;
  const answered = (async () => {
    for (;;) {
      const [raw] = await once(child, 'message', { signal });
      const message = workerMessageSchema.safeParse(raw).data;
      if (message?.type === 'leaseEnded' && message.epoch === epoch) return true;
    }
  })();
  const gone = once(child, 'exit', { signal }).then(() => false);
  const late = delay(patienceMs, false, { signal });
  for (const waiting of [answered, gone, late]) waiting.catch(() => undefined);
  try {
    const request: ControlMessage = { type: 'endLease', epoch };
    child.send(request, () => undefined);
    return await Promise.race([answered, gone, late]);
  } finally {
    settled.abort();
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
