import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What tells a process from a later one with the same pid (proc(5): starttime, boot_id). */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks between the machine's boot and the process's start. */
  startTime: number;
  bootId: string;
}

/** @returns undefined when there is no such process. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const fields = readStat(pid);
  if (fields === undefined) return undefined;
  return { pid, startTime: fields.startTime, bootId: readBootId() };
}

export function identifySelf(): ProcessIdentity {
  return identifyProcess(process.pid) ?? { pid: process.pid, startTime: 0, bootId: readBootId() };
}

/**
 * Whether a zombie is all that is left. A process whose first thread has ended shows as one, too, while
 * its other threads still run, or sit in a driver and keep the memory of a device.
 */
const hasEnded = ({ state, threads }: ProcessFacts): boolean =>
  state === 'X' || (state === 'Z' && threads <= 1);

/** Whether that very process still runs; a zombie has ended already. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = readStat(identity.pid);
  return (
    now !== undefined &&
    !hasEnded(now) &&
    now.startTime === identity.startTime &&
    readBootId() === identity.bootId
  );
}

/** Pids of the process and of everything that it started and that still hangs on it. */
export function processTree(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(folder)) return [];
  const children = threadIds(pid).flatMap((thread) => {
    const text = readOrEmpty(`${folder}/${thread}/children`).trim();
    return text === '' ? [] : text.split(/\s+/).map(Number);
  });
  return [pid, ...children.flatMap(processTree)];
}

/** Ids of all threads; empty when the process has ended. */
export function threadIds(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** A line of /proc/<pid>/task/<thread>/status; undefined when the thread has ended. */
export function threadStatus(pid: number, thread: number, key: string): string | undefined {
  const text = readOrEmpty(`/proc/${pid}/task/${thread}/status`);
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim();
}

/** One process, by /proc/<pid>/stat (proc(5)). */
export interface ProcessFacts {
  pid: number;
  /** Z and X: it has ended, or its first thread has. */
  state: string;
  /** That have not ended. */
  threads: number;
  parent: number;
  group: number;
  session: number;
  /** As ProcessIdentity's. */
  startTime: number;
}

/** @returns undefined when there is no such process. */
export function readStat(pid: number): ProcessFacts | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  if (text === '') return undefined;
  // The second field is the name in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, group, session] = fields.slice(1, 4).map(Number);
  return {
    pid,
    state: fields[0] ?? '',
    parent: parent ?? 0,
    group: group ?? 0,
    session: session ?? 0,
    threads: Number(fields[17]),
    startTime: Number(fields[19]),
  };
}

/** Every process that this one may see and that has not ended. */
export function listProcesses(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? [])
    .filter((process) => !hasEnded(process));
}

/** Whether the process was started with the variable `entry`, `NAME=value`; false where hidden. */
export function hasEnvironment(pid: number, entry: string): boolean {
  return readOrEmpty(`/proc/${pid}/environ`).split('\0').includes(entry);
}

export function readBootId(): string {
  return readOrEmpty('/proc/sys/kernel/random/boot_id').trim();
}

/** A process may end between any two reads: its files are then absent or fail with ESRCH. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
