import type { PoolDevice } from '../../contracts/pool/devices.ts';
import type { TypicalTask } from '../state.ts';
import { createPolicy, type PolicyName } from './policies/createPolicy.ts';
import type { Policy } from './policies/policy.ts';
import type { SppParameters } from './policies/sppParameters.ts';

/** A host, or a node of a trace. Thousandths of a core; MiB. */
export interface PlacementNode {
  hostId: string;
  cpuCapMilli: number;
  cpuFreeMilli: number;
  memoryCapMib: number;
  memoryFreeMib: number;
  devices: PlacementDevice[];
}

export interface PlacementDevice {
  deviceId: string;
  model: string;
  kind: string;
  memoryMib: number;
  maxShares: number;
  mig: PoolDevice['mig'];
  links: PoolDevice['links'];
  fabric: PoolDevice['fabric'];
  /** Thousandths of the device. */
  freeMilli: number;
  freeMemoryMib: number;
  /** Leases on it, a whole one included. */
  shares: number;
  /** Trust domain of those who share it; null while nobody does. */
  domain: string | null;
  /** false: draining, lapsed or missing. */
  available: boolean;
}

export interface PlacementOptions {
  policy: PolicyName;
  /** Past requests by shape, all of them: the policies take the most frequent 95 %. */
  typical: TypicalTask[];
  parameters?: Partial<SppParameters>;
  /** Of the random policy. */
  seed?: number;
}

export interface IndexNode extends PlacementNode {
  /** In the order that decides ties. */
  position: number;
}

/** What `place` chooses from; `occupy` and `vacate` change it. Not plain JSON: built anew from the state. */
export interface PlacementIndex {
  nodes: IndexNode[];
  byHost: Map<string, IndexNode>;
  policy: Policy;
}

/**
 * An index of free capacity. The nodes are copied; their order is the order in which ties are
 * decided (FGD: a fixed order consolidates, a random one costs five points).
 */
export function createPlacementIndex(
  nodes: PlacementNode[],
  options: PlacementOptions,
): PlacementIndex {
  const copies = nodes.map((node, position) => ({
    ...node,
    devices: node.devices.map((device) => ({ ...device })),
    position,
  }));
  return {
    nodes: copies,
    byHost: new Map(copies.map((node) => [node.hostId, node])),
    policy: createPolicy(copies, options),
  };
}
