import {
  CancellationScope,
  condition,
  continueAsNew,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import { hostActivities } from '../../activityProxies.ts';
import type { PartitionReport } from '../../contracts/backfill/pages.ts';
import { failure } from '../../contracts/errors.ts';
import { retryLostLease } from '../../leases/retryLostLease.ts';
import { withGpuLease } from '../../leases/withGpuLease.ts';
import { backfillActivities } from '../activities.ts';
import { controlPartitionSignal } from '../messages.ts';
import { reasonOf } from '../reasonOf.ts';
import {
  createPartitionContext,
  type PartitionContext,
  type PartitionRunInput,
  partitionName,
} from './context.ts';
import { awaitPace } from './pace.ts';
import { hasFailed, isOutage } from './pageSteps.ts';
import { fillStretch, hasLongHistory } from './stretch.ts';

/** Times in a row, without progress between them. */
const maxEvictions = 5;
/** As often as the host tries a page: an outage of an hour. */
const maxOutages = 65;
const longestOutageWaitMs = 60_000;

/**
 * Embeds the records between two borders of a source and writes them into all stores, page by page,
 * under a lease of its own. Child of a backfill, which it tells now and then how far it is. Paused,
 * it gives its device back after the page at hand.
 */
export async function backfillPartitionWorkflow(
  input: PartitionRunInput,
): Promise<PartitionReport> {
  const context = createPartitionContext(input);
  const { state, show } = context;
  setHandler(controlPartitionSignal, (control) => {
    context.control = control;
  });
  const writes = CancellationScope.current();
  while (!state.done) {
    if (context.control.paused) show('paused');
    await condition(() => !context.control.paused);
    await awaitPace(context);
    if (context.control.paused) continue;
    await outliveOutages(context, () =>
      retryLostLease(() => fillWhileWarm(context, writes), {
        progress: () => state.counts.pages,
        onLost: () => show('the lease was lost; taking another device'),
      }),
    );
    if (!state.done && hasLongHistory(context)) await handOver(context);
  }
  // The last page's share of time too, or a partition of one page would know no rate.
  await awaitPace(context);
  show('closing');
  const { jobId, partition } = input;
  await backfillActivities(input.hostId, partitionName(input)).closePartition({
    ...{ jobId, partition: partition.index },
  });
  show('done');
  return { index: partition.index, counts: state.counts };
}

/** While the source or the cache is away, nobody keeps a device. */
async function outliveOutages(
  { input, state, show }: PartitionContext,
  fill: () => Promise<void>,
): Promise<void> {
  for (let outages = 0; ; ) {
    const before = state.counts.pages;
    try {
      return await fill();
    } catch (error) {
      outages = state.counts.pages > before ? 1 : outages + 1;
      // An endpoint's pages are the host's, which has tried as often already.
      if (input.artifact === null || !isOutage(error) || outages >= maxOutages) throw error;
      show(`waiting without a device: ${reasonOf(error)}`);
      await sleep(Math.min(longestOutageWaitMs, 1000 * 2 ** (outages - 1)));
    }
  }
}

/** A copy that was evicted between its warming and its use is opened again. */
async function fillWhileWarm(context: PartitionContext, writes: CancellationScope): Promise<void> {
  const { state, show } = context;
  for (let evicted = 0; ; ) {
    const before = state.counts.pages;
    try {
      return await fillOnce(context, writes);
    } catch (error) {
      evicted = state.counts.pages > before ? 1 : evicted + 1;
      if (!hasFailed(error, 'ScratchLost') || evicted >= maxEvictions) throw error;
      show('the model was evicted; opening it again');
    }
  }
}

async function fillOnce(context: PartitionContext, writes: CancellationScope): Promise<void> {
  const { input, show } = context;
  if (input.artifact === null) return fillStretch(context, null, writes);
  const ref = input.artifact;
  show('warming the model');
  const warm = await hostActivities(input.hostId, ref).warmModel({ ref, pin: false, lock: false });
  const { hostId, team, pool } = input;
  const label = `backfill ${partitionName(input)}`;
  const profileKey = warm.contentDigest;
  await withGpuLease(
    { hostId, team, pool, devices: 1, preemptible: true, label, profileKey },
    (lease) => {
      const device = lease.devices[0];
      if (device === undefined) throw failure('NoSuchDevice', 'the lease holds no device');
      const { taskQueue } = device;
      return fillStretch(context, { lease, taskQueue, modelPath: warm.path }, writes);
    },
    {
      onWaiting: ({ requestId }) => show(`waiting for a device; why: berth pool why ${requestId}`),
    },
  );
}

/** Between stretches nothing is in flight, so a run can hand its state to a fresh one. */
async function handOver({ input, state, control }: PartitionContext): Promise<void> {
  await continueAsNew<typeof backfillPartitionWorkflow>({ ...input, control, resume: state });
}
