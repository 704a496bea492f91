import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { hostActivities } from '../activityProxies.ts';

/**
 * Runs what needs a model's warm copy on a host; where the copy has been evicted meanwhile, opens it
 * again and runs it once more.
 */
export async function whileWarm<T>(hostId: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const artifact = evictedArtifact(error);
    if (artifact === undefined) throw error;
    await hostActivities(hostId, artifact).warmModel({ ref: artifact, pin: false, lock: false });
    return run();
  }
}

/** The artifact whose copy is gone, as the query worker names it (activities/search/embedQuery.ts). */
function evictedArtifact(error: unknown): string | undefined {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return;
  const { type, details } = error.cause;
  const [detail] = (details ?? []) as { artifact?: unknown }[];
  const artifact = type === 'ScratchLost' ? detail?.artifact : undefined;
  return typeof artifact === 'string' ? artifact : undefined;
}
