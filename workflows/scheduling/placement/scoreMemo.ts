import { type NodeView, viewKey, viewOf } from './nodeView.ts';
import type { IndexNode } from './placementIndex.ts';

/** Values that may be remembered, at 8 bytes each. */
const defaultMaxValues = 4 << 20;
/** States of nodes that may be remembered, some hundred bytes each; at least two for each node. */
const maxViews = 1 << 16;

/** The nodes' present state by position, side by side: what a scan over all nodes reads. */
export interface NodeColumns {
  cpuFreeMilli: Float64Array;
  memoryFreeMib: Float64Array;
  viewId: Int32Array;
  used: Uint8Array;
}

/**
 * Remembers what each task is worth on each state of a node. Tasks repeat and nodes look alike:
 * most placements then cost one look per node. Forgets everything when it has grown too large.
 */
export interface ScoreMemo {
  /** The node's capacity has changed. */
  touch(node: IndexNode): void;
  /** Up to date after `values`. */
  columns: NodeColumns;
  /** Brings every node up to date; values of the task by view id, NaN where unknown. */
  values(taskKey: string): Float64Array;
  /** Values remembered at present, known or not. */
  size(): number;
}

export function createScoreMemo(
  nodes: readonly IndexNode[],
  withKinds: boolean,
  maxValues = defaultMaxValues,
): ScoreMemo {
  const views = new Map<string, NodeView>();
  const tasks = new Map<string, Float64Array>();
  const columns: NodeColumns = {
    cpuFreeMilli: new Float64Array(nodes.length),
    memoryFreeMib: new Float64Array(nodes.length),
    viewId: new Int32Array(nodes.length),
    used: new Uint8Array(nodes.length),
  };
  let stale: IndexNode[] = [...nodes];
  let size = 0;

  const refresh = (): void => {
    for (const node of stale) {
      if (node.view) continue;
      const view = viewFor(node);
      const at = node.position;
      node.view = view;
      columns.cpuFreeMilli[at] = node.cpuFreeMilli;
      columns.memoryFreeMib[at] = node.memoryFreeMib;
      columns.viewId[at] = view.id;
      columns.used[at] = view.used ? 1 : 0;
    }
    stale = [];
  };
  const viewFor = (node: IndexNode): NodeView => {
    const key = viewKey(node, withKinds);
    let view = views.get(key);
    if (!view) {
      view = viewOf(node, views.size, withKinds);
      views.set(key, view);
    }
    return view;
  };
  const forget = (): void => {
    views.clear();
    tasks.clear();
    size = 0;
    for (const node of nodes) node.view = undefined;
    stale = [...nodes];
    refresh();
  };

  return {
    columns,
    touch(node) {
      node.view = undefined;
      stale.push(node);
    },
    values(taskKey) {
      if (stale.length > 0) refresh();
      const known = tasks.get(taskKey);
      if (known && known.length >= views.size) return known;
      const crowded = views.size > Math.max(maxViews, 2 * nodes.length);
      if (crowded || size + lengthFor(views.size) > maxValues) forget();
      const grown = new Float64Array(lengthFor(views.size)).fill(Number.NaN);
      const kept = tasks.get(taskKey);
      if (kept) grown.set(kept);
      tasks.set(taskKey, grown);
      size += grown.length - (kept?.length ?? 0);
      return grown;
    },
    size: () => size,
  };
}

/** Room to grow, so that not every new state makes for a new array. */
const lengthFor = (views: number): number => Math.max(64, 2 * views);
