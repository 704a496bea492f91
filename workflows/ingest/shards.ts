import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { deviceActivities, hostActivities } from '../activityProxies.ts';
import type { FilesSummary, ShardSummary } from '../contracts/activities.ts';
import type { Lease } from '../contracts/lease.ts';
import type { IngestContext } from './context.ts';
import { advance, stageOf } from './progress.ts';

/** Plaintext shards that may wait in scratch: one being made, one being sealed. */
const maxInFlight = 2;

/** Times that a shard is made again after its scratch was lost. */
const maxRemakes = 3;

/**
 * Makes and seals `shards` in order, overlapping the sealing of one with the making of the next,
 * and returns when all are sealed. `lease` is the device's for quantizing; without one the shards
 * are assembled on the host as they are. `state.nextShard` follows what is sealed, so that after a
 * failure finished shards are not made again.
 */
export async function makeShards(
  context: IngestContext,
  shards: ShardSummary[],
  lease: Lease | undefined,
): Promise<void> {
  const sealing = new Set<Promise<void>>();
  const sealed = new Set<number>();
  let failed: { error: unknown } | undefined;
  try {
    for (const shard of shards) {
      if (sealing.size >= maxInFlight) await Promise.race(sealing);
      if (failed) break;
      const made = await makeShard(context, shard, lease);
      advance(stageOf(context.state.progress, 'quantize'), shard.sourceBytes, made.seconds);
      const seal = sealShard(context, shard, lease)
        .then(() => {
          sealed.add(shard.index);
          while (sealed.has(context.state.nextShard)) context.state.nextShard += 1;
        })
        .catch((error) => {
          failed ??= { error };
        })
        .finally(() => sealing.delete(seal));
      sealing.add(seal);
    }
  } finally {
    await Promise.all(sealing);
  }
  if (failed) throw failed.error;
}

async function makeShard(
  context: IngestContext,
  shard: ShardSummary,
  lease: Lease | undefined,
): Promise<FilesSummary> {
  const { artifactId } = context.state;
  const job = { artifactId, index: shard.index };
  const device = lease?.devices[0];
  context.show(`${device ? 'quantizing' : 'assembling'} ${shard.file}`);
  if (lease === undefined || device === undefined) {
    return hostActivities(context.input.hostId, shard.file).assembleShard(job);
  }
  return deviceActivities(device.taskQueue, shard.file).quantizeShard({ ...job, lease });
}

async function sealShard(
  context: IngestContext,
  shard: ShardSummary,
  lease: Lease | undefined,
): Promise<void> {
  const host = hostActivities(context.input.hostId, shard.file);
  const job = { artifactId: context.state.artifactId, index: shard.index };
  for (let remakes = 0; ; remakes += 1) {
    try {
      const sealed = await host.sealShard(job);
      advance(stageOf(context.state.progress, 'seal'), sealed.bytes, sealed.seconds);
      context.show(`sealed ${shard.file}`);
      return;
    } catch (error) {
      if (!scratchWasLost(error) || remakes >= maxRemakes) throw error;
      await makeShard(context, shard, lease);
    }
  }
}

/** Whether shared memory no longer holds what an activity needs: it has to be made again. */
export function scratchWasLost(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'ScratchLost'
  );
}
