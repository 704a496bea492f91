import { hostActivities } from '../activityProxies.ts';
import type { EvictResult, WarmResult } from '../contracts/activities.ts';
import type { ModelOperation, WarmModelInput } from '../contracts/catalogue.ts';

/** Opens a model into the host's shared memory, or finds the copy that is there. */
export async function warmModelWorkflow(input: WarmModelInput): Promise<WarmResult> {
  const { hostId, ref, pin, lock } = input;
  return hostActivities(hostId, ref).warmModel({ ref, pin, lock });
}

/** Drops a model's copy from the host's shared memory. */
export async function evictModelWorkflow({ hostId, ref }: ModelOperation): Promise<EvictResult> {
  return hostActivities(hostId, ref).evictModel(ref);
}
