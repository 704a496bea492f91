import { backfillActivities } from './activities.ts';
import type { BackfillContext } from './context.ts';
import { queuePartitions } from './partitionQueue.ts';

/** Rounds after which a source that changes faster than it is read is taken as it is. */
const maxRounds = 3;

/**
 * Queues what changed in the source since the last plan.
 * @returns whether there was anything
 */
export async function planRound(context: BackfillContext): Promise<boolean> {
  const { input, state } = context;
  const { request } = input;
  const { changeToken, round } = state.catchUp;
  if (changeToken === null || request.replayOf !== null || round >= maxRounds) return false;
  context.enter('catch-up', `looking for what changed meanwhile, round ${round + 1}`);
  const host = backfillActivities(input.hostId, `changes of ${request.source.name}`);
  const plan = await host.planCatchUp({
    ...{ jobId: state.jobId, request, changeToken, round: round + 1 },
    firstIndex: state.partitions.total,
  });
  state.catchUp = { round: round + 1, changeToken: plan.changeToken };
  if (plan.partitions.length === 0) return false;
  state.queue = queuePartitions(plan.partitions);
  state.partitions.total += plan.partitions.length;
  state.total += plan.records;
  return true;
}
