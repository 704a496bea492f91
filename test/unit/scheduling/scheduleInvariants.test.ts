import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { simulatePool } from '../../../scripts/bench/scheduling/poolSimulator.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
import { noon } from '../../support/poolState.ts';
import { arbitraryJobs, arbitraryPool } from '../../support/scheduling/arbitraryPool.ts';
import { deepFreeze } from '../../support/scheduling/deepFreeze.ts';
import { usageDifference, violations } from '../../support/scheduling/invariants.ts';

const day = 24 * 3_600_000;

it('keeps every state within capacity and limits, and grants whole gangs', () => {
  fc.assert(
    fc.property(arbitraryPool(), arbitraryJobs(40), (state, jobs) => {
      simulatePool({
        ...{ state, jobs, from: noon, until: noon + 10 * day, decide: schedule },
        onDecision: ({ state: decided }) => {
          expect(violations(decided)).toEqual([]);
          expect(usageDifference(decided)).toBe(0);
        },
      });
    }),
    { numRuns: 25 },
  );
});

it('grants every request in the end, when holders end', () => {
  fc.assert(
    fc.property(arbitraryPool(), arbitraryJobs(40), (state, jobs) => {
      const result = simulatePool({
        ...{ state, jobs, from: noon, until: noon + 10 * day, decide: schedule },
      });
      expect(Object.keys(result.state.waiting)).toEqual([]);
      expect(result.finished.size + result.lost.size + result.refused).toBe(jobs.length);
    }),
    { numRuns: 25 },
  );
});

it('lets epochs only grow', () => {
  fc.assert(
    fc.property(arbitraryPool(), arbitraryJobs(30), (state, jobs) => {
      const seen = new Map<string, number>();
      simulatePool({
        ...{ state, jobs, from: noon, until: noon + 10 * day, decide: schedule },
        onDecision: ({ state: decided, grants }) => {
          for (const { leaseId } of grants) {
            for (const { deviceId, epoch } of decided.leases[leaseId]!.devices) {
              expect(epoch).toBeGreaterThan(seen.get(deviceId) ?? 0);
              seen.set(deviceId, epoch);
            }
          }
        },
      });
    }),
    { numRuns: 25 },
  );
});

it('decides the same on the same input, on a copy as JSON too, and changes no input', () => {
  fc.assert(
    fc.property(arbitraryPool(), arbitraryJobs(20), (state, jobs) => {
      const copyOf = (value: PoolState) => JSON.parse(JSON.stringify(value)) as PoolState;
      simulatePool({
        ...{ state, jobs, from: noon, until: noon + 10 * day },
        decide: (given, now) => {
          const decided = schedule(deepFreeze(given), now);
          expect(schedule(copyOf(given), now)).toEqual(decided);
          return { ...decided, state: copyOf(decided.state) };
        },
      });
    }),
    { numRuns: 25 },
  );
});
