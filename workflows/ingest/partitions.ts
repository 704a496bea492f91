import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import { deviceActivities, hostActivities } from '../activityProxies.ts';
import type { Lease } from '../contracts/lease.ts';
import { retryLostLease } from '../leases/retryLostLease.ts';
import { type IngestContext, showLostLease } from './context.ts';
import { withIngestLease } from './lease.ts';
import { stageOf } from './progress.ts';
import { makeShards } from './shards.ts';
import type { IngestRunInput } from './state.ts';

/** Shards made under one lease: long enough to pay for starting a bridge, short enough to share. */
const shardsPerLease = 8;

/** Makes every shard that is not sealed yet, a partition at a time, each under a lease of its own. */
export async function makeAllShards(context: IngestContext): Promise<void> {
  while (!isComplete(context)) {
    await retryLostLease(() => makePartition(context), {
      progress: () => context.state.nextShard,
      onLost: () => showLostLease(context),
    });
    if (!isComplete(context)) await handOverIfLong(context);
  }
}

function isComplete({ state }: IngestContext): boolean {
  return state.plan !== null && state.nextShard >= state.plan.shards.length;
}

async function makePartition(context: IngestContext): Promise<void> {
  if (context.input.request.quantize === 'none') {
    await planOnce(context);
    await makeNextShards(context, undefined);
    return;
  }
  await withIngestLease(context, async (lease) => {
    await resolveModulesOnce(context, lease);
    await planOnce(context);
    await makeNextShards(context, lease);
  });
}

async function resolveModulesOnce(context: IngestContext, lease: Lease): Promise<void> {
  const { state, input } = context;
  const device = lease.devices[0];
  if (state.modules !== null || device === undefined) return;
  const { source, quantize, doubleQuant, skipModules } = input.request;
  context.show('resolving modules');
  const modules = await deviceActivities(
    device.taskQueue,
    'which modules are quantized',
  ).resolveModules({
    artifactId: state.artifactId,
    lease,
    source,
    quantize,
    doubleQuant,
    skipModules,
  });
  stageOf(state.progress, 'quantize').seconds += modules.seconds;
  state.modules = modules;
}

async function planOnce({ input, state }: IngestContext): Promise<void> {
  if (state.plan !== null) return;
  const host = hostActivities(input.hostId, 'plan the shards');
  state.plan = await host.planShards({ artifactId: state.artifactId, request: input.request });
  const quantize = stageOf(state.progress, 'quantize');
  const seal = stageOf(state.progress, 'seal');
  quantize.total = state.plan.shards.length;
  // One unit more: the files carried along beside the shards.
  seal.total = state.plan.shards.length + 1;
  quantize.state = 'running';
  seal.state = 'running';
}

async function makeNextShards(context: IngestContext, lease: Lease | undefined): Promise<void> {
  const { state } = context;
  const shards = state.plan?.shards ?? [];
  const next = shards.slice(state.nextShard, state.nextShard + shardsPerLease);
  await makeShards(context, next, lease);
}

/** Between partitions nothing is in flight, so a run can hand its state to a fresh one. */
async function handOverIfLong({ input, state }: IngestContext): Promise<void> {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  const long =
    input.maxHistoryLength === undefined
      ? continueAsNewSuggested
      : historyLength >= input.maxHistoryLength;
  if (long) {
    await continueAsNew<(input: IngestRunInput) => Promise<unknown>>({ ...input, resume: state });
  }
}
