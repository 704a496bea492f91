import { workflowInfo } from '@temporalio/workflow';
import type { GpuLeaseSpec } from '../contracts/lease.ts';
import { type LeaseRequest, wholeDevices } from '../contracts/pool/requests.ts';

/** The request of the running workflow for whole devices. */
export function leaseRequest(spec: GpuLeaseSpec, requestId: string): LeaseRequest {
  const { workflowId, runId } = workflowInfo();
  return {
    requestId,
    team: spec.team,
    priority: spec.priority ?? 0,
    preemptible: spec.preemptible ?? false,
    restartable: spec.restartable ?? false,
    resources: {
      ...wholeDevices(spec.devices),
      memoryMib: spec.memoryMib ?? 0,
      kind: spec.kind ?? null,
      models: spec.models ?? [],
      hosts: spec.hostId === undefined ? [] : [spec.hostId],
      link: spec.link ?? null,
      spanHosts: spec.spanHosts ?? false,
    },
    expectedSeconds: spec.expectedSeconds ?? null,
    maxSeconds: spec.maxSeconds ?? null,
    latencyGoalMs: null,
    label: (spec.label ?? workflowId).slice(0, 200),
    profileKey: spec.profileKey ?? null,
    holder: { workflowId, runId },
  };
}
