import { isGrpcServiceError } from '@temporalio/client';
import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  SearchAttributeType,
} from '@temporalio/common';

/** Berth's whole set; where a server refuses to have them, jobs start without. */
const pipelineKey = defineSearchAttributeKey('BerthPipeline', SearchAttributeType.KEYWORD);
const modelKey = defineSearchAttributeKey('BerthModel', SearchAttributeType.KEYWORD);
const hostKey = defineSearchAttributeKey('BerthHost', SearchAttributeType.KEYWORD);

const poolKey = defineSearchAttributeKey('BerthPool', SearchAttributeType.KEYWORD);
const teamKey = defineSearchAttributeKey('BerthTeam', SearchAttributeType.KEYWORD);

export interface JobAttributes {
  /** `ingest`, `warm`, `catalogue`, `lease`. */
  pipeline: string;
  /** `name:tag` or `name@sha256:…`. */
  model?: string;
  /** Absent for what belongs to no host, such as a pool. */
  hostId?: string;
  pool?: string;
  team?: string;
}

export function searchAttributePairs(job: JobAttributes): SearchAttributePair[] {
  return [
    { key: pipelineKey, value: job.pipeline },
    ...(job.hostId === undefined ? [] : [{ key: hostKey, value: job.hostId }]),
    ...(job.model === undefined ? [] : [{ key: modelKey, value: job.model }]),
    ...(job.pool === undefined ? [] : [{ key: poolKey, value: job.pool }]),
    ...(job.team === undefined ? [] : [{ key: teamKey, value: job.team }]),
  ];
}

/**
 * Starts something with search attributes, and without them when the server does not know them:
 * they help to find a job but do not matter to it.
 */
export async function withSearchAttributes<T>(
  job: JobAttributes,
  start: (typedSearchAttributes: SearchAttributePair[] | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await start(searchAttributePairs(job));
  } catch (error) {
    if (!refusedAttributes(error)) throw error;
    return start(undefined);
  }
}

/** gRPC code 3, INVALID_ARGUMENT: "Namespace berth has no mapping defined for search attribute …". */
function refusedAttributes(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isGrpcServiceError(at) && at.code === 3 && /search attribute/i.test(at.details))
      return true;
  }
  return false;
}
