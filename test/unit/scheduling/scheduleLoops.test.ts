import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { simulatePool } from '../../../scripts/bench/scheduling/poolSimulator.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { Decision, PoolState } from '../../../workflows/scheduling/state.ts';
import { noon } from '../../support/poolState.ts';
import {
  arbitraryJobs,
  arbitraryPool,
  arbitraryTightPool,
} from '../../support/scheduling/arbitraryPool.ts';

const hour = 3_600_000;

interface Taking {
  victim: string;
  taker: string;
  at: number;
}

/** Who was revoked for whom in a decision. */
function takings({ state, revocations }: Decision, now: number): Taking[] {
  const takers = Object.values(state.waiting);
  return revocations
    .filter(({ reason }) => reason === 'preempted' || reason === 'reclaimed')
    .map(({ leaseId, requestId }) => {
      const taker = takers.find(({ victims }) => victims.includes(leaseId))!;
      return { victim: requestId, taker: taker.request.requestId, at: now };
    });
}

function playWithoutEnds(state: PoolState, jobs: Parameters<typeof simulatePool>[0]['jobs']) {
  const all: Taking[] = [];
  simulatePool({
    ...{ state, from: noon, until: noon + 6 * hour, decide: schedule },
    jobs: jobs.map((job) => ({ ...job, runMs: Number.POSITIVE_INFINITY })),
    onDecision: (decision, _before, now) => all.push(...takings(decision, now)),
  });
  return all;
}

it('revokes nobody for the sake of who was revoked for it, and comes to rest', () => {
  let seen = 0;
  fc.assert(
    fc.property(
      fc.oneof(arbitraryTightPool(), arbitraryPool(3)),
      arbitraryJobs(30),
      (state, jobs) => {
        const all = playWithoutEnds(state, jobs);
        seen += all.length;
        for (const { victim, taker, at } of all) {
          const back = all.find(
            (later) => later.at >= at && later.victim === taker && later.taker === victim,
          );
          expect(back).toBeUndefined();
        }
        const restless = all.filter(({ at }) => at > noon + 4 * hour);
        expect(restless).toEqual([]);
        // Each request is at most in the way of each other one once.
        expect(all.length).toBeLessThanOrEqual(jobs.length * jobs.length);
      },
    ),
    { numRuns: 60 },
  );
  expect(seen).toBeGreaterThan(10);
});
