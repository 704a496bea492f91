import type { NodeView } from '../nodeView.ts';
import type { Task } from '../task.ts';

/** Ranks the feasible places of one task. Pure: the same view and task give the same score. */
export interface Policy {
  /** Among equal scores a node that somebody is on goes first; else only the order of nodes counts. */
  usedFirst?: boolean;
  /** Looks at `view.kinds`. */
  usesKinds?: boolean;
  /**
   * Which device of a node a share goes to: the one with the best score, the first among equals; the
   * one with the least room; or any one.
   */
  share: 'best-score' | 'tightest' | 'any';
  /** Instead of scores: picks one of so many feasible nodes, or devices. */
  pick?(count: number): number;
  /** Higher is better; `chosen` are positions within the node's devices, empty for a task without. */
  score(view: NodeView, task: Task, chosen: readonly number[]): number;
}

/** A task without a CPU wish counts as this much (Kubernetes' default for scoring). */
const defaultCpuMilli = 100;

export const countedCpu = (cpuMilli: number): number =>
  cpuMilli === 0 ? defaultCpuMilli : cpuMilli;
