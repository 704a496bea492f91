import type { PoolDevice } from '../../contracts/pool/devices.ts';
import type { TypicalTask } from '../state.ts';
import { createShapeTable, type NodeShape } from './nodeShape.ts';
import type { NodeView } from './nodeView.ts';
import { createPolicy, type PolicyName } from './policies/createPolicy.ts';
import type { Policy } from './policies/policy.ts';
import type { SppParameters } from './policies/sppParameters.ts';
import { createScoreMemo, type ScoreMemo } from './scoreMemo.ts';

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
  /** Past requests by shape, all of them: fragmentation takes the most frequent 95 %. */
  typical: TypicalTask[];
  parameters?: Partial<SppParameters>;
  /** Of the random policy. */
  seed?: number;
}

/** A node of an index; only `occupy` and `vacate` change it. */
export interface IndexNode extends PlacementNode {
  /** In the order that decides ties. */
  position: number;
  shape: NodeShape;
  /** Tasks by kind (see taskKind), as far as `occupy` placed them. */
  kinds: Map<number, number>;
  /** Its present state; undefined after a change, until it is asked for. */
  view: NodeView | undefined;
}

/** What `place` chooses from. Not plain JSON: it is built anew from the state. */
export interface PlacementIndex {
  nodes: IndexNode[];
  byHost: Map<string, IndexNode>;
  byDevice: Map<string, { node: IndexNode; device: PlacementDevice }>;
  policy: Policy;
  memo: ScoreMemo;
}

/**
 * An index of free capacity over copies of the nodes. Ties between nodes are decided by their order
 * here: a fixed order gathers tasks on few nodes, which is most of what a packing score gains (FGD,
 * USENIX ATC'23).
 */
export function createPlacementIndex(
  nodes: PlacementNode[],
  options: PlacementOptions,
): PlacementIndex {
  const table = createShapeTable();
  const copies = nodes.map((node, position): IndexNode => {
    const devices = node.devices.map((device) => ({ ...device }));
    const shape = table.of(node);
    return { ...node, devices, position, shape, kinds: new Map(), view: undefined };
  });
  const policy = createPolicy(copies, options);
  return {
    nodes: copies,
    byHost: new Map(copies.map((node) => [node.hostId, node])),
    byDevice: new Map(
      copies.flatMap((node) =>
        node.devices.map((device) => [device.deviceId, { node, device }] as const),
      ),
    ),
    policy,
    memo: createScoreMemo(copies, policy.usesKinds === true),
  };
}
