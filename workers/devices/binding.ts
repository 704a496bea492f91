import { processTree, threadIds, threadStatus } from '../supervisor/procfs.ts';
import { formatCoreSet, parseCoreSet, sameCoreSet } from './coreSets.ts';

/** Where the threads of a worker and of all that it started may run, as the kernel has it. */
export interface BindingReport {
  /** Cores that the device has; null when it has no core set. */
  expected: string | null;
  /** Union over all threads, as the kernel lists it. */
  actual: string;
  processes: number;
  threads: number;
  /** Every thread of every process may run on exactly the expected cores. */
  verified: boolean;
}

/** Reads Cpus_allowed_list of every thread of the process and of its descendants (proc(5)). */
export function readBinding(pid: number, expected: string | null): BindingReport {
  const pids = processTree(pid);
  const lists = pids.flatMap((process) =>
    threadIds(process).flatMap(
      (thread) => threadStatus(process, thread, 'Cpus_allowed_list') ?? [],
    ),
  );
  return {
    expected,
    actual: formatCoreSet(lists.flatMap(parseCoreSet)),
    processes: pids.length,
    threads: lists.length,
    verified:
      lists.length > 0 && (expected === null || lists.every((list) => sameCoreSet(list, expected))),
  };
}
