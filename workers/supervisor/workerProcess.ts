import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { readBinding } from '../devices/binding.ts';
import type { DeviceBinding } from '../devices/deviceProvider.ts';
import type { ManagedProcessSpec } from './managedProcess.ts';
import { type WorkerMessage, workerMessageSchema } from './messages.ts';
import type { ProcessStatus } from './stackFile.ts';

/** One worker process to be: what it serves, and where it is bound. */
export interface WorkerPlan {
  name: string;
  /** File in dist/workers/. */
  script: string;
  args: string[];
  queue: string;
  device?: { record: DeviceRecord; binding: DeviceBinding };
  /** `host:port` for Prometheus. */
  metrics: string | null;
}

/** What a worker's messages and its binding add to its status. */
export type WorkerReport = Pick<ProcessStatus, 'binding' | 'bridge'>;

/** How the supervisor starts a worker and knows that it serves. */
export function createWorkerSpec(
  plan: WorkerPlan,
  env: NodeJS.ProcessEnv,
  report: (part: Partial<WorkerReport>) => void,
  onStart?: (child: ChildProcess) => void,
): ManagedProcessSpec {
  const script = join(packageRoot(), 'dist', 'workers', plan.script);
  return {
    name: plan.name,
    ipc: true,
    command() {
      const [file = process.execPath, ...args] = [
        ...(plan.device?.binding.prefix ?? []),
        process.execPath,
        '--enable-source-maps',
        script,
        ...plan.args,
      ];
      const metrics = plan.metrics === null ? {} : { BERTH_METRICS: plan.metrics };
      return { file, args, env: { ...env, ...plan.device?.binding.env, ...metrics } };
    },
    async whenReady(child, signal) {
      onStart?.(child);
      report({ binding: null, bridge: null });
      // A library may move its threads elsewhere: then worker and bridge have to go.
      const recheckBinding = (): void => {
        if (plan.device === undefined) return;
        const binding = readBinding(child.pid ?? 0, plan.device.record.cores);
        report({ binding });
        if (!binding.verified) child.kill('SIGKILL');
      };
      child.on('message', (message) => {
        const parsed = workerMessageSchema.safeParse(message);
        if (parsed.data?.type !== 'bridge') return;
        report({ bridge: bridgeOf(parsed.data) });
        if (parsed.data.state === 'running') recheckBinding();
      });
      await firstReady(child, signal);
      if (plan.device !== undefined) {
        report({ binding: requireBinding(child, plan.device.record) });
      }
    },
  };
}

function bridgeOf(message: WorkerMessage & { type: 'bridge' }): WorkerReport['bridge'] {
  return { state: message.state, pid: message.pid, message: message.message };
}

async function firstReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
  for (;;) {
    const [message] = await once(child, 'message', { signal });
    const parsed = workerMessageSchema.safeParse(message);
    if (parsed.data?.type === 'ready') return;
    if (parsed.data?.type === 'failed') throw new Error(parsed.data.message);
  }
}

/** A device worker that is not confined to its device must not serve: it would disturb others. */
function requireBinding(child: ChildProcess, device: DeviceRecord): WorkerReport['binding'] {
  const binding = readBinding(child.pid ?? 0, device.cores);
  if (!binding.verified) {
    throw new Error(
      `${device.deviceId}: its worker may run on cores ${binding.actual}, expected ${device.cores}`,
    );
  }
  return binding;
}
