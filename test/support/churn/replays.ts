import { connectSupervisor } from '../../../workers/commands/runner/supervisorLink.ts';
import { readStack, requireStack } from '../../../workers/supervisor/stack.ts';
import { BerthError } from '../../../workflows/contracts/errors.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import {
  defaultPool,
  type HostView,
  poolQueries,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import type { ChurnStack } from './churnStack.ts';

/** Sends leases that are over to their devices again, which must refuse them. */
export interface Replays {
  /** Over the supervisor's socket, as a `berth run` that comes back late. @returns whether it answered */
  bySocket(lease: Lease): Promise<boolean>;
  /** By an activity on each of its devices' queues, as a workflow that comes back late. */
  byActivity(lease: Lease): Promise<boolean>;
  /** Leases that began on some device and that the pool neither holds nor clears any more. */
  over(): Promise<Lease[]>;
}

/** Neither an answer of the device nor of its fence: it was not reached. */
const unreached = new Set(['StackUnavailable', 'unreached']);

export function createReplays(churn: ChurnStack): Replays {
  const { paths, journal, client, watch } = churn;
  const { taskQueue } = churn.worker;
  let count = 0;

  const note = (lease: Lease, deviceIds: string[], via: 'socket' | 'activity', answer: string) => {
    if (unreached.has(answer)) return false;
    for (const { deviceId, epoch } of lease.devices) {
      if (!deviceIds.includes(deviceId)) continue;
      const { leaseId } = lease;
      journal.append({
        event: 'replayed',
        deviceId,
        leaseId,
        epoch,
        at: Date.now(),
        via,
        answer,
      });
    }
    return true;
  };

  return {
    async bySocket(lease) {
      const stack = await readStack(paths);
      const ids = lease.devices.map(({ deviceId }) => deviceId);
      return note(lease, ids, 'socket', await prepare(lease, stack?.commandSocket ?? ''));
    },
    async byActivity(lease) {
      const answered = await Promise.all(
        lease.devices.map(async (device) => {
          count += 1;
          const answer = await client.workflow
            .execute('replayLeaseWorkflow', {
              workflowId: `replay/${count}`,
              taskQueue,
              args: [lease, device],
              workflowExecutionTimeout: '3 minutes',
            })
            .then(String, () => 'unreached');
          // A worker that is away, or busy for long, has not been asked.
          const heard = answer.startsWith('TimeoutFailure') ? 'unreached' : answer;
          return note(lease, [device.deviceId], 'activity', heard);
        }),
      );
      return answered.every(Boolean);
    },
    async over() {
      const begun = new Map(
        watch.begun().flatMap(({ lease }) => (lease === undefined ? [] : [[lease.leaseId, lease]])),
      );
      // What began before it was asked for, and is not held or cleared then, is over for good.
      const { hostId } = await requireStack(paths);
      const handle = client.workflow.getHandle(poolWorkflowId(defaultPool));
      const view = await handle.query<HostView, [string]>(poolQueries.hostView, hostId);
      for (const { leaseId } of [...view.leases, ...view.clearing]) begun.delete(leaseId);
      return [...begun.values()];
    },
  };
}

async function prepare(lease: Lease, socket: string): Promise<string> {
  const link = await connectSupervisor(socket).catch(() => undefined);
  if (link === undefined) return 'unreached';
  try {
    await link.ask(
      {
        type: 'prepare',
        lease,
        requestId: lease.leaseId,
        holder: { workflowId: 'replay', runId: '' },
        label: 'replay',
        trustDomain: 'default',
      },
      'prepared',
    );
    return 'admitted';
  } catch (error) {
    return error instanceof BerthError ? error.type : String(error);
  } finally {
    link.close();
  }
}
