import type { ResourceVector } from '../../contracts/pool/teams.ts';
import type { PoolState, WaitingRequest } from '../state.ts';
import { committedOf, type Ledger, ownOf, sharedUse } from './ledger.ts';
import { fixInHeap, type Heaped, pushToHeap, removeFromHeap } from './nodeHeap.ts';
import { isUnderQuota, quotaOf } from './quota.ts';
import { dominantShare } from './resourceVector.ts';
import { teamAt, teamLevels } from './teamTree.ts';

/** Hands out waiting requests, the one whose turn it is first. */
export interface FairQueue {
  next(): WaitingRequest | undefined;
  /** The ledger of that team, and of those above it, has changed. */
  recharge(team: string): void;
}

interface Node extends Heaped {
  path: string;
  parent: Node | null;
  weight: number;
  quota: ResourceVector | null;
  isUnderQuota: boolean;
  share: number;
  /** Teams below that have somebody waiting, a heap. */
  children: Node[];
  /** The team's own requests that are still to be handed out, the last one first. */
  own: WaitingRequest[];
  head: WaitingRequest | undefined;
}

/**
 * Hierarchical weighted dominant resource fairness: at each level of the tree, teams below their
 * quota first, then the smallest share by weight (of what is held and the decayed mean of what was),
 * then who has waited longest. Within a team: priority, which grows with age.
 */
export function createFairQueue(
  state: Pick<PoolState, 'teams' | 'config'>,
  waiting: readonly WaitingRequest[],
  ledger: Ledger,
): FairQueue {
  const nodes = new Map<string, Node>();
  const root = newNode('', null);
  for (const request of waiting) leafOf(request.request.team).own.push(request);
  const agingMs = Math.max(1, state.config.agingMs);
  for (const node of nodes.values()) node.own = lastFirst(node.own, agingMs);
  for (const node of [...nodes.values()].reverse()) enter(node);
  return { next, recharge };

  function newNode(path: string, parent: Node | null): Node {
    const team = teamAt(state.teams, path);
    return {
      path,
      parent,
      at: -1,
      weight: team.weight,
      quota: quotaOf(team, ledger.capacity),
      isUnderQuota: false,
      share: 0,
      children: [],
      own: [],
      head: undefined,
    };
  }

  function leafOf(team: string): Node {
    const known = nodes.get(ownOf(team));
    if (known) return known;
    let node: Node = root;
    for (const level of teamLevels(ownOf(team))) {
      const child: Node = nodes.get(level) ?? newNode(level, node);
      nodes.set(level, child);
      node = child;
    }
    return node;
  }

  /** Children come before their parents: a parent is compared by its first child. */
  function enter(node: Node): void {
    node.head = node.own.at(-1) ?? node.children[0]?.head;
    weigh(node);
    if (node.parent) pushToHeap(node.parent.children, node, comesBefore);
  }

  function weigh(node: Node): void {
    const used = committedOf(ledger, node.path);
    node.isUnderQuota = node.quota !== null && isUnderQuota(used, node.quota);
    node.share = dominantShare(sharedUse(ledger, node.path), ledger.capacity) / node.weight;
  }

  function next(): WaitingRequest | undefined {
    let node: Node = root;
    while (node.children[0]) node = node.children[0];
    const request = node.own.pop();
    for (let at: Node | null = node; at; at = at.parent) {
      at.head = at.own.at(-1) ?? at.children[0]?.head;
      if (!at.parent) break;
      if (at.head) fixInHeap(at.parent.children, at, comesBefore);
      else removeFromHeap(at.parent.children, at, comesBefore);
    }
    return request;
  }

  function recharge(team: string): void {
    const path = teamLevels(ownOf(team)).map((level) => nodes.get(level));
    for (const node of path.reverse()) {
      if (!node) continue;
      weigh(node);
      if (node.head) node.head = node.own.at(-1) ?? node.children[0]?.head;
      if (node.at >= 0 && node.parent) fixInHeap(node.parent.children, node, comesBefore);
    }
  }
}

function comesBefore(a: Node, b: Node): boolean {
  if (a.isUnderQuota !== b.isUnderQuota) return a.isUnderQuota;
  if (a.share !== b.share) return a.share < b.share;
  const [first, second] = [a.head, b.head];
  if (!first || !second) return first !== undefined;
  return compareAge(first, second) < 0;
}

function compareAge(a: WaitingRequest, b: WaitingRequest): number {
  return a.submittedAt - b.submittedAt || a.serial - b.serial;
}

/**
 * A point of priority is worth `agingMs` of waiting, so that the order within a team never changes.
 * The last one goes first.
 */
function lastFirst(requests: readonly WaitingRequest[], agingMs: number): WaitingRequest[] {
  return requests
    .map((request) => ({
      request,
      rank: request.submittedAt - request.request.priority * agingMs,
    }))
    .sort((a, b) => b.rank - a.rank || b.request.serial - a.request.serial)
    .map(({ request }) => request);
}
