import { berthError } from '../../workflows/contracts/errors.ts';
import type { ManagedProcess } from './managedProcess.ts';

/** Attempts that a process has to come up for the first time. */
const maxFailedStarts = 3;

/**
 * Waits for processes to serve. `check` is called at every change of any of them.
 */
export function createStartGate() {
  const waiting = new Set<() => void>();
  return {
    check(): void {
      for (const look of waiting) look();
    },
    /**
     * @throws BerthError StackUnavailable naming the process that does not come up and its last
     *   line, or when it is stopped meanwhile
     */
    whenRunning(processes: readonly ManagedProcess[]): Promise<void> {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const trouble = processes.map(troubleOf).find((found) => found !== undefined);
          const done = processes.every(({ state }) => state.phase === 'running');
          if (trouble === undefined && !done) return;
          waiting.delete(look);
          if (trouble === undefined) resolve();
          else reject(berthError('StackUnavailable', trouble));
        };
        waiting.add(look);
        look();
      });
    },
  };
}

function troubleOf({ name, state }: ManagedProcess): string | undefined {
  if (state.phase === 'stopping' || state.phase === 'stopped') {
    return `the stack was stopped while ${name} was starting`;
  }
  if (state.phase !== 'backoff' || state.failedStarts < maxFailedStarts) return undefined;
  const said = state.lastLine === '' ? '' : `: ${state.lastLine.slice(0, 500)}`;
  return `${name} does not start (${state.lastExit})${said}; see berth logs ${name}`;
}
