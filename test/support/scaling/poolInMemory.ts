import type { PoolClient } from '../../../workers/client/pool/poolClient.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { describePool } from '../../../workflows/scheduling/describe.ts';
import { drainDevices } from '../../../workflows/scheduling/events/drainDevices.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { takeReport } from '../../../workflows/scheduling/events/takeReport.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
import { gpus, noon, poolWith, reportOf, requestOf, withWaiting } from '../poolState.ts';

/** The pool's own decisions, without Temporal around them; time is told to it. */
export function createPoolInMemory(devices: number) {
  let now = noon;
  let sequence = 1;
  const own = gpus('h', devices);
  let state: PoolState = poolWith([reportOf('h', own)]);

  const decide = (next: PoolState): void => {
    state = schedule(next, now).state;
  };
  const drain = async (target: string, on: boolean) => {
    const drained = drainDevices(state, { target, drain: on, revoke: false }, now);
    if ('refusal' in drained) throw berthError(drained.refusal.type, drained.refusal.message);
    decide(drained.state);
    return drained.result;
  };
  const client = {
    describe: async () => describePool(state, now),
    drain: (target) => drain(target, true),
    undrain: (target) => drain(target, false),
    // Everybody here wants whole devices of any kind: more of them let all start.
    whatIf: async () => ({
      ...{ wouldStart: null, devices: [], revoked: [], explanation: null },
      started: Object.keys(state.waiting),
    }),
  } satisfies Partial<PoolClient>;

  return {
    client,
    deviceIds: own.map(({ deviceId }) => deviceId),
    ask: (...requestIds: string[]) =>
      decide(
        withWaiting(
          state,
          requestIds.map((id) => requestOf(id)),
          now,
        ),
      ),
    release(leaseId: string): void {
      const cleared = state.leases[leaseId]?.devices ?? [];
      decide(releaseLease(state, { leaseId, cleared }, now));
    },
    held: () => Object.keys(state.leases),
    waiting: () => Object.keys(state.waiting),
    /** The host has other devices from now on. */
    has(count: number): void {
      sequence += 1;
      decide(takeReport(state, reportOf('h', gpus('h', count), { sequence }), now));
    },
    /** Time passes; the host goes on reporting. */
    pass(ms: number): void {
      for (let left = ms; left > 0; left -= 20_000) {
        now += Math.min(left, 20_000);
        sequence += 1;
        const reported = Object.values(state.devices).filter(({ missing }) => !missing).length;
        const working = Object.values(state.leases).flatMap(({ devices }) => devices);
        const report = reportOf('h', gpus('h', reported), { sequence, working });
        decide(takeReport(state, report, now));
      }
    },
  };
}
