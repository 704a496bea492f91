import { hostActivities } from '../activityProxies.ts';
import type {
  ExportResult,
  RemoveResult,
  SweepResult,
  TagResult,
  VerifyResult,
} from '../contracts/activities.ts';
import type {
  ExportModelInput,
  HostOperation,
  ModelOperation,
  RemoveModelInput,
  TagModelInput,
} from '../contracts/catalogue.ts';

/** Re-reads everything that is stored of a version. */
export async function verifyModelWorkflow({ hostId, ref }: ModelOperation): Promise<VerifyResult> {
  return hostActivities(hostId, ref).verifyModel(ref);
}

/** Writes a plain Hugging Face folder. */
export async function exportModelWorkflow(input: ExportModelInput): Promise<ExportResult> {
  return hostActivities(input.hostId, input.ref).exportModel(input.ref, input.directory);
}

/** Points a tag at the version that a reference names. */
export async function tagModelWorkflow(input: TagModelInput): Promise<TagResult> {
  return hostActivities(input.hostId, `${input.ref} → ${input.tag}`).tagModel(input.ref, input.tag);
}

/** Removes a version, keys first. */
export async function removeModelWorkflow(input: RemoveModelInput): Promise<RemoveResult> {
  return hostActivities(input.hostId, input.ref).removeModel(input.ref, input.force);
}

/** Removes what no open job and no version needs. */
export async function sweepStoreWorkflow({ hostId }: HostOperation): Promise<SweepResult> {
  return hostActivities(hostId, 'sweep').sweepStore();
}
