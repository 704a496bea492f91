import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../activities/platform/logging.ts';
import { type BackoffOptions, defaultBackoff, nextBackoff } from './backoff.ts';
import { type ProcessCommand, startChild } from './childProcess.ts';
import type { ProcessLog } from './processLog.ts';

export interface ManagedProcessSpec {
  name: string;
  /** Asked at every start. */
  command(): ProcessCommand | Promise<ProcessCommand>;
  /** Whether it is a Node worker that speaks messages.ts. */
  ipc: boolean;
  /** Resolves when the process serves; rejects when it cannot. Aborted when it exits. */
  whenReady(child: ChildProcess, signal: AbortSignal): Promise<void>;
}

export type ProcessPhase = 'starting' | 'running' | 'backoff' | 'stopping' | 'stopped';

export interface ManagedProcessState {
  phase: ProcessPhase;
  pid: number | null;
  restarts: number;
  lastExit: string | null;
  /** Deaths in a row without having served. */
  failedStarts: number;
  /** Newest line on its stderr or reason of its failure. */
  lastLine: string;
}

export interface ManagedProcessDeps {
  log: ProcessLog;
  logger: Logger;
  onChange(): void;
  backoff?: BackoffOptions;
}

export type ManagedProcess = ReturnType<typeof createManagedProcess>;

/** Keeps one child running until `stop`, restarting it with back-off when it dies. */
export function createManagedProcess(spec: ManagedProcessSpec, deps: ManagedProcessDeps) {
  const { logger, log, onChange, backoff = defaultBackoff } = deps;
  const state: ManagedProcessState = {
    phase: 'stopped',
    pid: null,
    restarts: 0,
    lastExit: null,
    failedStarts: 0,
    lastLine: '',
  };
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  let loop: Promise<void> | undefined;

  const change = (part: Partial<ManagedProcessState>): void => {
    Object.assign(state, part);
    onChange();
  };

  /** One life of the process, from its start to its end. */
  async function runOnce(): Promise<string> {
    change({ phase: 'starting' });
    const started = startChild(await spec.command(), spec.ipc, log, (line) => {
      state.lastLine = line;
    });
    child = started.child;
    change({ pid: child.pid ?? null });
    // A stop that came while the command was being made found no child to signal.
    if (stopping.signal.aborted) child.kill('SIGTERM');
    const gone = new AbortController();
    const serving = spec.whenReady(child, gone.signal).then(
      () => {
        if (gone.signal.aborted || stopping.signal.aborted) return;
        logger.info({ process: spec.name, pid: state.pid }, 'running');
        change({ phase: 'running', failedStarts: 0 });
      },
      (error) => {
        if (gone.signal.aborted) return;
        state.lastLine = describeError(error);
        killSoon(started.child, gone.signal);
      },
    );
    const exit = await started.exited;
    gone.abort();
    await serving;
    child = undefined;
    return exit;
  }

  async function keepRunning(): Promise<void> {
    let deaths = 0;
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      state.failedStarts += 1;
      const lastExit = await runOnce().catch((error) => {
        state.lastLine = describeError(error);
        return 'not started';
      });
      change({ pid: null, lastExit, phase: stopping.signal.aborted ? 'stopped' : 'backoff' });
      if (stopping.signal.aborted) return;
      const step = nextBackoff(deaths, performance.now() - startedAt, backoff);
      deaths = step.deaths;
      logger.warn(
        {
          process: spec.name,
          exit: state.lastExit,
          restartInMs: step.delayMs,
          line: state.lastLine,
        },
        'died',
      );
      await delay(step.delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) state.restarts += 1;
    }
    change({ phase: 'stopped' });
  }

  return {
    name: spec.name,
    state: state as Readonly<ManagedProcessState>,
    start(): void {
      loop ??= keepRunning();
    },
    /** SIGTERM, and SIGKILL after `graceMs`. Resolves when it has exited. */
    async stop(graceMs: number): Promise<void> {
      stopping.abort();
      if (loop === undefined) return;
      if (state.phase !== 'stopped') change({ phase: 'stopping' });
      child?.kill('SIGTERM');
      const timer = setTimeout(() => {
        logger.warn({ process: spec.name, graceMs }, 'did not end in time; killing it');
        child?.kill('SIGKILL');
      }, graceMs);
      await loop;
      clearTimeout(timer);
    },
    /** Ends it at once, for good. */
    kill(): void {
      stopping.abort();
      child?.kill('SIGKILL');
    },
  };
}

/** A child that has failed is ending already; one that hangs is killed. */
function killSoon(child: ChildProcess, gone: AbortSignal): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
  gone.addEventListener('abort', () => clearTimeout(timer), { once: true });
}

function describeError(error: unknown): string {
  return String(error instanceof Error ? error.message : error);
}
