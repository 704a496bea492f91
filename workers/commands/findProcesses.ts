import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  hasEnvironment,
  listProcesses,
  type ProcessFacts,
  readBootId,
} from '../supervisor/procfs.ts';
import type { CommandRecord, ProcessGroup } from './commandRecord.ts';

/** Finds what a command has started, however far it went. */
export interface ProcessFinder {
  /** Members of its group, descendants, and what was seen as one of them before; as of a moment ago. */
  near(): ProcessFacts[];
  /** Those, its cgroup's members, and everything that carries its BERTH_LEASE. */
  all(): ProcessFacts[];
}

/** Many commands are looked after at a time, and reading all of /proc takes milliseconds. */
const recentMs = 100;
let recent: { at: number; processes: ProcessFacts[] } | undefined;

function recentProcesses(): ProcessFacts[] {
  const now = performance.now();
  if (recent === undefined || now - recent.at > recentMs) {
    recent = { at: now, processes: listProcesses() };
  }
  return recent.processes;
}

/**
 * A child may leave the group (setsid), its parent (a double fork) and its environment; it is still
 * found when it kept one of them, or was seen before it left.
 */
export function createProcessFinder(
  record: () => Pick<CommandRecord, 'group' | 'cgroup' | 'leaseFile'>,
): ProcessFinder {
  /** Start times by pid. */
  const seen = new Map<number, number>();

  const find = (deep: boolean): ProcessFacts[] => {
    const { group, cgroup, leaseFile } = record();
    const running = (deep ? listProcesses() : recentProcesses()).filter(
      ({ pid }) => pid !== process.pid,
    );
    const inGroup = new Set(group === null ? [] : membersOf(group, running));
    const inCgroup = new Set(deep && cgroup !== null ? cgroupMembers(cgroup) : []);
    const entry = `BERTH_LEASE=${leaseFile}`;
    const found = new Set(
      running.filter(
        (process) =>
          inGroup.has(process) ||
          seen.get(process.pid) === process.startTime ||
          inCgroup.has(process.pid) ||
          (deep && hasEnvironment(process.pid, entry)),
      ),
    );
    addDescendants(found, running);
    // What was seen lately must not be forgotten for an older look.
    if (deep) seen.clear();
    for (const { pid, startTime } of found) seen.set(pid, startTime);
    return [...found];
  };

  return { near: () => find(false), all: () => find(true) };
}

/**
 * A group's number is not used again while it has members. So if its leader's number belongs to a
 * later process, the group is gone; else its members are in the leader's session and no older.
 */
function membersOf(group: ProcessGroup, running: readonly ProcessFacts[]): ProcessFacts[] {
  if (readBootId() !== group.bootId) return [];
  const leader = running.find(({ pid }) => pid === group.pgid);
  if (leader !== undefined && leader.startTime !== group.startTime) return [];
  return running.filter(
    (process) =>
      process.group === group.pgid &&
      process.session === group.session &&
      process.startTime >= group.startTime,
  );
}

function addDescendants(found: Set<ProcessFacts>, running: readonly ProcessFacts[]): void {
  const byParent = groupByParent(running);
  const open = [...found];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const child of byParent.get(next.pid) ?? []) {
      if (found.has(child)) continue;
      found.add(child);
      open.push(child);
    }
  }
}

function groupByParent(running: readonly ProcessFacts[]): Map<number, ProcessFacts[]> {
  const byParent = new Map<number, ProcessFacts[]>();
  for (const process of running) {
    const siblings = byParent.get(process.parent) ?? [];
    byParent.set(process.parent, [...siblings, process]);
  }
  return byParent;
}

function cgroupMembers(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
