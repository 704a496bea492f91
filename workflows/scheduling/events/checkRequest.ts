import type { LeaseRequest } from '../../contracts/pool/requests.ts';
import { teamPattern } from '../../contracts/pool/teams.ts';
import { checkResources } from './checkResources.ts';
import { type Check, checked, integer, nullable, text } from './checks.ts';
import { isFields, isKey } from './untrusted.ts';

const maxSeconds = 366 * 86_400;
const requestIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$/;

/**
 * Reads a request as it came over the wire. What the pool does not know is left out, so that nobody
 * fills its memory with it.
 * @returns the request, or one line that says what is wrong with which field
 */
export function checkRequest(value: unknown): { request: LeaseRequest } | { problem: string } {
  if (!isFields(value)) return { problem: 'request: expected an object; see LeaseRequest' };
  const resources = checkResources(value.resources);
  if ('problem' in resources) return resources;
  const fields = checked<Omit<LeaseRequest, 'resources' | 'holder'>>(value, checks);
  if ('problem' in fields) return fields;
  const { holder } = value;
  if (!isFields(holder) || !isKey(holder.workflowId, 1000) || !isKey(holder.runId, 1000)) {
    return { problem: 'holder: expected workflowId and runId of the workflow that will hold' };
  }
  const { workflowId, runId } = holder;
  return {
    request: { ...fields.value, resources: resources.value, holder: { workflowId, runId } },
  };
}

const requestId: Check = {
  expected:
    'a unique id of up to 200 letters, digits and . _ : / @ + - that does not end in a dot and a number',
  // `<requestId>.2` is the lease of a request's second grant.
  holds: (value) => isKey(value) && requestIdPattern.test(value) && !/\.\d+$/.test(value),
};

const team: Check = {
  expected: 'names of a-z, 0-9 and . _ - joined by /, five at most, such as research/nlp/ann',
  holds: (value) =>
    typeof value === 'string' &&
    teamPattern.test(value) &&
    value.split('/').every((name) => isKey(name)),
};

const yesOrNo: Check = {
  expected: 'true or false',
  holds: (value) => typeof value === 'boolean',
};

const latency: Check = {
  expected: 'milliseconds above 0, at most 86400000',
  holds: (value) => typeof value === 'number' && value > 0 && value <= 86_400_000,
};

const checks: Record<keyof Omit<LeaseRequest, 'resources' | 'holder'>, Check> = {
  requestId,
  team,
  priority: integer(-1000, 1000),
  preemptible: yesOrNo,
  restartable: yesOrNo,
  expectedSeconds: nullable(integer(1, maxSeconds, 'whole seconds')),
  maxSeconds: nullable(integer(1, maxSeconds, 'whole seconds')),
  latencyGoalMs: nullable(latency),
  label: text(0, 200),
  profileKey: nullable(text(1, 500)),
};
