import {
  createPlacementIndex,
  type PlacementDevice,
  type PlacementIndex,
  type PlacementNode,
} from '../../../workflows/scheduling/placement/placementIndex.ts';
import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { shuffled } from './draws.ts';
import type { Trace } from './trace.ts';
import type { TraceNode } from './traceFiles.ts';

/** An empty cluster of the trace's nodes, in an order drawn once: it decides ties between nodes. */
export function emptyCluster(
  trace: Trace,
  policy: PolicyName,
  random: () => number,
  prices: Record<string, number> | null,
): PlacementIndex {
  const nodes = shuffled(trace.nodes, random).map(toNode);
  const seed = Math.floor(random() * 2 ** 32);
  return createPlacementIndex(nodes, {
    policy,
    typical: trace.typical,
    parameters: policy === 'spp-lp' ? { prices } : {},
    seed,
  });
}

function toNode({ name, cpuMilli, memoryMib, gpus, model }: TraceNode): PlacementNode {
  const device = (at: number): PlacementDevice => ({
    deviceId: `${name}.${at}`,
    ...{ model, kind: 'cuda', mig: null, links: {}, fabric: null },
    // The trace has no GPU memory, and no limit to sharers but the milli.
    ...{ memoryMib: 0, freeMemoryMib: 0, maxShares: 1000 },
    ...{ freeMilli: 1000, shares: 0, domain: null, available: true },
  });
  return {
    hostId: name,
    cpuCapMilli: cpuMilli,
    cpuFreeMilli: cpuMilli,
    memoryCapMib: memoryMib,
    memoryFreeMib: memoryMib,
    devices: Array.from({ length: gpus }, (_, at) => device(at)),
  };
}
