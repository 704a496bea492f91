import { type NodeView, viewKey, viewOf } from './nodeView.ts';
import type { IndexNode } from './placementIndex.ts';

/** Values that may be remembered, at 8 bytes each. */
const defaultMaxValues = 4 << 20;

/**
 * Remembers what each task is worth on each state of a node. Tasks repeat and nodes look alike:
 * most placements then cost one look per node. Forgets everything when it has grown too large.
 */
export interface ScoreMemo {
  /** The node's capacity has changed. */
  touch(node: IndexNode): void;
  /** Brings every node's view up to date; values of the task by view id, NaN where unknown. */
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
  let stale: IndexNode[] = [...nodes];
  let size = 0;

  const refresh = (): void => {
    for (const node of stale) {
      if (node.view) continue;
      const key = viewKey(node, withKinds);
      let view = views.get(key);
      if (!view) {
        view = viewOf(node, views.size, withKinds);
        views.set(key, view);
      }
      node.view = view;
    }
    stale = [];
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
    touch(node) {
      node.view = undefined;
      stale.push(node);
    },
    values(taskKey) {
      refresh();
      const known = tasks.get(taskKey);
      if (known && known.length >= views.size) return known;
      if (size + 2 * views.size > maxValues) forget();
      const grown = new Float64Array(Math.max(64, 2 * views.size)).fill(Number.NaN);
      const kept = tasks.get(taskKey);
      if (kept) grown.set(kept);
      tasks.set(taskKey, grown);
      size += grown.length - (kept?.length ?? 0);
      return grown;
    },
    size: () => size,
  };
}
