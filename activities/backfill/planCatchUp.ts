import type { CatchUpInput, CatchUpPlan } from '../../workflows/contracts/backfill/activities.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import type { Pulse } from './pulse.ts';

/** Each is a child workflow; what changes while a job runs is little beside its whole. */
const maxPartitions = 1_000;

/**
 * What was added or changed since the plan, or since the round before; nothing where the source cannot
 * tell.
 * @throws BerthError of the source
 */
export async function planCatchUp(
  {
    openSource,
    sourceDeps,
    paths,
    logger,
  }: Pick<BackfillDeps, 'openSource' | 'sourceDeps' | 'paths' | 'logger'>,
  { jobId, request, changeToken, round, firstIndex }: CatchUpInput,
  { signal, report }: Pulse,
): Promise<CatchUpPlan> {
  const source = await openSource(request.source, sourceDeps);
  try {
    const changes = (await source.changesSince?.({
      ...{ changeToken, firstIndex, maxPartitions, signal },
      partitionRecords: request.pageRecords * request.partitionPages,
      scratch: paths.backfill(jobId).scratch,
      onProgress: (done, total) => report({ done, total }),
    })) ?? { partitions: [], records: 0, changeToken };
    const { records, partitions } = changes;
    logger.info({ jobId, round, records, partitions: partitions.length }, 'changes planned');
    return {
      records,
      changeToken: changes.changeToken,
      partitions: partitions.map((partition) => ({ ...partition, round })),
    };
  } finally {
    await source.close();
  }
}
