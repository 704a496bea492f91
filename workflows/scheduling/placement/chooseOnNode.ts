import type { LinkType } from '../../contracts/pool/devices.ts';
import { chooseDevices } from '../topology/chooseGang.ts';
import { linkRank } from '../topology/linkRank.ts';
import { deviceFits } from './deviceFits.ts';
import type { NodeView } from './nodeView.ts';
import type { IndexNode } from './placementIndex.ts';
import type { Policy } from './policies/policy.ts';
import type { Task } from './task.ts';

/** Where on a node a task goes: positions within its devices. */
export interface NodeChoice {
  chosen: number[];
  score: number;
  /** null for one device, or when a link is unknown. */
  worstLink: LinkType | null;
}

/** What one step of the worst link outweighs; no policy's score comes near. */
const linkWeight = 2 ** 32;

/** Orders nodes: the worst link of a gang first, then the policy's score. */
export const rankingOf = ({ worstLink, score }: NodeChoice): number =>
  worstLink === null ? score : linkRank(worstLink) * linkWeight + score;

/**
 * The best place on the node, or undefined where the task does not fit. Whether the host is wanted
 * and has the CPU and memory is the caller's to ask.
 */
export function chooseOnNode(
  policy: Policy,
  node: IndexNode,
  view: NodeView,
  task: Task,
  exclude?: (deviceId: string) => boolean,
): NodeChoice | undefined {
  if (task.devices === 0)
    return { chosen: [], score: policy.score(view, task, []), worstLink: null };
  const fitting: number[] = [];
  for (let at = 0; at < node.devices.length; at++) {
    const device = node.devices[at]!;
    if (deviceFits(device, task) && !exclude?.(device.deviceId)) fitting.push(at);
  }
  if (fitting.length < task.devices) return undefined;
  return task.whole
    ? wholeDevices(policy, node, view, task, fitting)
    : oneShare(policy, node, view, task, fitting);
}

function wholeDevices(
  policy: Policy,
  node: IndexNode,
  view: NodeView,
  task: Task,
  fitting: number[],
): NodeChoice | undefined {
  let chosen = fitting.slice(0, task.devices);
  let worstLink: LinkType | null = null;
  if (node.shape.linked || (task.link !== null && task.devices > 1)) {
    const candidates = fitting.map((at) => node.devices[at]!);
    const gang = chooseDevices(candidates, task.devices, task.link);
    if (!gang) return undefined;
    const ids = new Set(gang.deviceIds);
    chosen = fitting.filter((at) => ids.has(node.devices[at]!.deviceId));
    worstLink = gang.worstLink;
  }
  return { chosen, score: policy.score(view, task, chosen), worstLink };
}

function oneShare(
  policy: Policy,
  node: IndexNode,
  view: NodeView,
  task: Task,
  fitting: readonly number[],
): NodeChoice {
  if (policy.share === 'any' && policy.pick) {
    const chosen = [fitting[policy.pick(fitting.length)]!];
    return { chosen, score: policy.score(view, task, chosen), worstLink: null };
  }
  if (policy.share === 'tightest') {
    const at = fitting.reduce((a, b) =>
      node.devices[b]!.freeMilli < node.devices[a]!.freeMilli ? b : a,
    );
    return { chosen: [at], score: policy.score(view, task, [at]), worstLink: null };
  }
  let best: NodeChoice | undefined;
  for (let next = 0; next < fitting.length; next++) {
    const at = fitting[next]!;
    if (seenBefore(node, fitting, next)) continue;
    const score = policy.score(view, task, [at]);
    if (!best || score > best.score) best = { chosen: [at], score, worstLink: null };
  }
  return best!;
}

/** Whether an earlier device would score the same. */
function seenBefore(node: IndexNode, fitting: readonly number[], next: number): boolean {
  const { models } = node.shape;
  const at = fitting[next]!;
  for (let earlier = 0; earlier < next; earlier++) {
    const other = fitting[earlier]!;
    if (node.devices[other]!.freeMilli !== node.devices[at]!.freeMilli) continue;
    if (models[other] === models[at]) return true;
  }
  return false;
}
