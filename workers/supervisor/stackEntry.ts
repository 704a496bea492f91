import { workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { ManagedProcess } from './managedProcess.ts';
import type { ProcessLog } from './processLog.ts';
import type { ProcessStatus } from './stackFile.ts';

/** One process of the stack, and what is known of it. */
export interface StackEntry {
  process: ManagedProcess;
  log: ProcessLog;
  status: Pick<ProcessStatus, 'queue' | 'metrics' | 'deviceId' | 'binding' | 'bridge'>;
}

/** What workers need until they have ended. */
export const isServer = ({ process }: StackEntry): boolean =>
  process.name === 'temporal' || process.name === 'chroma';

/** Runs the pool, and whatever else is a workflow. */
export const runsWorkflows = ({ status }: StackEntry): boolean =>
  status.queue === workflowTaskQueue;

export function statusOf({ process, status }: StackEntry): ProcessStatus {
  const { phase, pid, restarts, lastExit } = process.state;
  return { name: process.name, pid, state: phase, restarts, lastExit, ...status };
}
