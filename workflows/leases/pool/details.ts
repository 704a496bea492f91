import { setCurrentDetails } from '@temporalio/workflow';
import { describePool } from '../../scheduling/describe.ts';
import { poolDetails } from '../poolDetails.ts';
import type { PoolRun } from './poolRun.ts';

/** A pool that decides many times a second is not worth a table each time, ms. */
const intervalMs = 1_000;

/** The table that the Web UI shows; a quiet pool shows its last state, a busy one that of a second ago. */
export function createDetails(run: PoolRun): { show(now: number): void } {
  let shownAt = 0;
  return {
    show(now) {
      if (now < shownAt + intervalMs) return;
      shownAt = now;
      setCurrentDetails(poolDetails(describePool(run.state, now)));
    },
  };
}
