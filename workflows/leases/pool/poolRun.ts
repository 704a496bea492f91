import type { PoolState } from '../../scheduling/state.ts';

/** What one run of the pool workflow holds in memory; `state` is all that the next run gets. */
export interface PoolRun {
  state: PoolState;
  /** Something was heard since the last decision. */
  dirty: boolean;
  /** A host that goes down asked for it: the run is to be continued as new. */
  handsOver: boolean;
}
