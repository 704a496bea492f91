import type { PlacementNode } from '../placementIndex.ts';
import type { Task } from '../task.ts';

/** Ranks the feasible places of one task. Pure: the same node and task give the same score. */
export interface Policy {
  /** Higher is better; `chosen` are positions within `node.devices`, empty for a task without devices. */
  score(node: PlacementNode, task: Task, chosen: readonly number[]): number;
}
