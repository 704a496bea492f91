import { backfillActivities, planActivities } from './activities.ts';
import { type BackfillContext, planOf } from './context.ts';
import { queuePartitions } from './partitionQueue.ts';

/** Finds the borders of the partitions, which then hold for the whole job. */
export async function planJob(context: BackfillContext): Promise<void> {
  const { input, state } = context;
  const { request, hostId } = input;
  const { jobId } = state;
  context.enter('plan', 'planning');
  const host = planActivities(hostId, `plan ${request.source.name}`);
  const plan = await host.planBackfill({ jobId, request });
  const { partitions, ...rest } = plan;
  state.plan = rest;
  state.total = plan.records;
  state.catchUp.changeToken = plan.changeToken;
  if (input.dryRun) {
    context.show('estimating');
    const estimate = backfillActivities(hostId, `estimate ${request.source.name}`);
    state.estimate = await estimate.estimateBackfill({ jobId, request, plan });
    return;
  }
  state.queue = queuePartitions(partitions);
  state.partitions.total = partitions.length;
}

/** Finds or makes the collection of each store. */
export async function prepareTargets(context: BackfillContext): Promise<void> {
  const { input, state } = context;
  const { request, hostId } = input;
  const { embedding, artifact } = planOf(context);
  context.show('preparing collections');
  const prepared = await backfillActivities(hostId, request.collection).prepareCollections({
    ...{ jobId: state.jobId, request, embedding, artifact },
    createdAt: new Date(state.startedAt).toISOString(),
  });
  // Targets travel with every page.
  state.targets = prepared.map(({ notice: _, ...target }) => target);
  const notices = prepared.flatMap(({ notice }) => notice ?? []);
  if (notices.length > 0) state.notices = notices;
  state.outcomes = state.targets.map(() => ({
    ...{ verification: null, switched: false, mayBeNamed: false, missingDeleted: 0 },
  }));
}
