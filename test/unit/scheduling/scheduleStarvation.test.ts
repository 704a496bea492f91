import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type SimulatedJob,
  simulatePool,
} from '../../../scripts/bench/scheduling/poolSimulator.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import { gpus, noon, poolWith, reportOf, requestOf } from '../../support/poolState.ts';

const minute = 60_000;
const hour = 60 * minute;

const stream = fc.record({
  /** Of each small job, minutes. */
  runs: fc.array(fc.integer({ min: 5, max: 40 }), { minLength: 20, maxLength: 20 }),
  gapMinutes: fc.integer({ min: 3, max: 6 }),
  team: fc.constantFrom('small', 'gang'),
  priority: fc.constantFrom(0, 5),
  milli: fc.constantFrom(1000, 500),
  expected: fc.boolean(),
});

it('starts a gang of all devices though small requests never cease to come', () => {
  fc.assert(
    fc.property(stream, ({ runs, gapMinutes, team, priority, milli, expected }) => {
      const pool = poolWith([reportOf('h1', gpus('h1', 4))]);
      const rare = { heartbeatMs: 10 * minute, hostLapseMs: 30 * minute, leaseLifeMs: hour };
      const small: SimulatedJob[] = [];
      for (let at = 0; at < 5 * hour; at += gapMinutes * minute) {
        const runMs = runs[small.length % runs.length]! * minute;
        const request = requestOf(
          `s${small.length}`,
          { milli, memoryMib: milli < 1000 ? 1_000 : 0 },
          { team, priority, expectedSeconds: expected ? runMs / 1000 : null },
        );
        small.push({ at: noon + at, runMs, request });
      }
      const gang = {
        at: noon + hour,
        runMs: minute,
        request: requestOf('gang', { devices: 4 }, { team: 'gang' }),
      };
      const { finished } = simulatePool({
        state: { ...pool, config: { ...pool.config, ...rare } },
        jobs: [...small, gang],
        ...{ from: noon, until: noon + 5 * hour, decide: schedule },
      });
      expect(finished.get('gang')).toBeLessThan(noon + 4 * hour);
    }),
    { numRuns: 8 },
  );
});
