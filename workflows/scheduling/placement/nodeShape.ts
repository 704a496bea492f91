import type { PlacementNode } from './placementIndex.ts';

/** What never changes about a node: nodes of one shape score alike. */
export interface NodeShape {
  /** Position among the shapes of an index. */
  id: number;
  cpuCapMilli: number;
  /** Models of its devices, by position; null for a MIG instance, which packing leaves aside. */
  models: (string | null)[];
  /** Devices that packing counts. */
  devices: number;
  /** Whether any device says how it is linked. */
  linked: boolean;
}

export interface ShapeTable {
  shapes: NodeShape[];
  /** The same shape for nodes that cannot be told apart. */
  of(node: PlacementNode): NodeShape;
}

export function createShapeTable(): ShapeTable {
  const shapes: NodeShape[] = [];
  const known = new Map<string, NodeShape>();
  return {
    shapes,
    of(node) {
      const linked = node.devices.some(
        ({ links, fabric }) => fabric !== null || Object.keys(links).length > 0,
      );
      const key = linked ? `host ${node.hostId}` : unlinkedKey(node);
      let shape = known.get(key);
      if (!shape) {
        const models = node.devices.map(({ model, mig }) => (mig ? null : model));
        const devices = models.filter((model) => model !== null).length;
        shape = { id: shapes.length, cpuCapMilli: node.cpuCapMilli, models, devices, linked };
        shapes.push(shape);
        known.set(key, shape);
      }
      return shape;
    },
  };
}

function unlinkedKey({ cpuCapMilli, memoryCapMib, devices }: PlacementNode): string {
  const parts = devices.map(({ model, kind, memoryMib, maxShares, mig }) => [
    ...[model, kind, memoryMib, maxShares],
    mig?.profile ?? null,
  ]);
  return JSON.stringify([cpuCapMilli, memoryCapMib, parts]);
}
