import type { Sinks } from '@temporalio/workflow';

/** What a requester cycles over. */
export interface CycleInput {
  /** Name of the pool or of the lock. */
  resource: string;
  holdMs: number;
}

/** Requesters tell the benchmark's process directly, which costs the server nothing. */
export interface CycleSinks extends Sinks {
  cycles: {
    /** Between asking and being granted, ms of the workflow's clock. */
    granted(latencyMs: number): void;
    released(): void;
  };
}
