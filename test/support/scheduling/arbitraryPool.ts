import * as fc from 'fast-check';
import type { SimulatedJob } from '../../../scripts/bench/scheduling/poolSimulator.ts';
import type { LeaseRequest } from '../../../workflows/contracts/pool/requests.ts';
import { noTeams, type Team, type TeamsConfig } from '../../../workflows/contracts/pool/teams.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
import { gpus, noon, poolWith, reportOf, requestOf, teamOf, teamsOf } from '../poolState.ts';

const minute = 60_000;

/** So that most of a simulation's decisions decide something. */
const rareHeartbeats = {
  heartbeatMs: 10 * minute,
  hostLapseMs: 30 * minute,
  leaseLifeMs: 60 * minute,
};

export const teamNames = ['red', 'red/a', 'red/b', 'blue', 'blue/a', 'green'] as const;

const amount = (most: number) => fc.integer({ min: 1, max: most }).map((count) => count * 1000);

/** Quota, limit and weight, each sometimes; a limit is never below the largest request. */
const arbitrarySettings = (most: number): fc.Arbitrary<Partial<Team>> =>
  fc.record({
    quota: fc.option(
      amount(3).map((milli) => ({ milli })),
      { nil: {} },
    ),
    limit: fc.option(
      amount(3).map((milli) => ({ milli: milli + most * 1000 })),
      { nil: {} },
    ),
    weight: fc.constantFrom(0.5, 1, 2, 5),
  });

/** Three top-level teams, two of them with teams below. */
export function arbitraryConfiguredTeams(largest: number): fc.Arbitrary<TeamsConfig> {
  const settings = arbitrarySettings(largest);
  const shared = fc.constantFrom(null, 'lab');
  return fc
    .record({
      tops: fc.tuple(settings, settings, settings),
      below: fc.tuple(settings, settings, settings),
      domains: fc.tuple(shared, shared),
    })
    .map(({ tops, below, domains }) =>
      teamsOf({
        red: teamOf({
          ...tops[0],
          trustDomain: domains[0],
          children: { a: teamOf(below[0]), b: teamOf(below[1]) },
        }),
        blue: teamOf({ ...tops[1], trustDomain: domains[1], children: { a: teamOf(below[2]) } }),
        green: teamOf(tops[2]),
      }),
    );
}

/** Those, or any team without settings. */
function arbitraryTeams(largest: number): fc.Arbitrary<TeamsConfig> {
  return fc.oneof(fc.constant(noTeams), arbitraryConfiguredTeams(largest));
}

/** One host of four devices, so small that teams with quotas are in each other's way. */
export function arbitraryTightPool(): fc.Arbitrary<PoolState> {
  return arbitraryConfiguredTeams(4).map((teams) => {
    const state = poolWith([reportOf('h0', gpus('h0', 4, {}, 'NV4'))], teams);
    return { ...state, config: { ...state.config, ...rareHeartbeats } };
  });
}

/** One to three hosts of up to four devices, which can be shared or not. */
export function arbitraryPool(largest = 4): fc.Arbitrary<PoolState> {
  const host = fc.record({
    devices: fc.integer({ min: 2, max: 4 }),
    maxShares: fc.constantFrom(1, 3, 48),
    memoryMib: fc.constantFrom(16_000, 40_000),
    cpuMilli: fc.constantFrom(4_000, 64_000),
  });
  return fc
    .record({
      hosts: fc.array(host, { minLength: 1, maxLength: 3 }),
      teams: arbitraryTeams(largest),
      maxMoves: fc.constantFrom(0, 4),
    })
    .map(({ hosts, teams, maxMoves }) => {
      const reports = hosts.map(({ devices, maxShares, memoryMib, cpuMilli }, at) =>
        reportOf(`h${at}`, gpus(`h${at}`, devices, { maxShares, memoryMib }, 'NV4'), { cpuMilli }),
      );
      const state = poolWith(reports, teams);
      return { ...state, config: { ...state.config, ...rareHeartbeats, maxMoves } };
    });
}

export const arbitraryResources = fc.oneof(
  fc.record({
    devices: fc.constantFrom(1, 1, 2, 2, 3, 4),
    cpuMilli: fc.constantFrom(0, 0, 1_000, 3_000),
    hostMemoryMib: fc.constantFrom(0, 1_000),
  }),
  fc.record({
    milli: fc.constantFrom(100, 250, 400, 500, 700),
    memoryMib: fc.constantFrom(1_000, 8_000, 16_000),
    cpuMilli: fc.constantFrom(0, 500),
  }),
);

export const arbitraryChange: fc.Arbitrary<Partial<LeaseRequest>> = fc.record({
  team: fc.constantFrom(...teamNames),
  priority: fc.integer({ min: -3, max: 3 }),
  preemptible: fc.constantFrom(true, true, false),
  restartable: fc.constantFrom(true, true, false),
  expectedSeconds: fc.option(fc.integer({ min: 60, max: 7_200 })),
});

/** Jobs over about an hour, which run for up to one; more than a small pool has room for. */
export function arbitraryJobs(maxLength: number): fc.Arbitrary<SimulatedJob[]> {
  return fc
    .array(
      fc.record({
        at: fc.integer({ min: 0, max: 60 }),
        runMs: fc.integer({ min: 1, max: 60 }).map((minutes) => minutes * minute),
        resources: arbitraryResources,
        change: arbitraryChange,
      }),
      { minLength: maxLength >> 1, maxLength },
    )
    .map((jobs) =>
      jobs.map(({ at, runMs, resources, change }, index) => ({
        at: noon + at * minute,
        runMs,
        request: requestOf(`r${index}`, resources, change),
      })),
    );
}
