import type { GpuPoolInput } from '../contracts/pool/messages.ts';
import { type CarriedState, unpack } from './carriedState.ts';
import { takeReport } from './events/takeReport.ts';
import { initialState } from './initialState.ts';
import type { PoolState } from './state.ts';

/** What `gpuPoolWorkflow` is started with; `carried` by a run before it. */
export type PoolRunInput = GpuPoolInput & { carried?: CarriedState };

/** The state that a run of the pool begins with. */
export function beginState(
  { pool, config, teams, report, carried }: PoolRunInput,
  now: number,
): PoolState {
  if (carried !== undefined) return unpack(carried);
  const fresh = initialState(pool, config, teams);
  return report === undefined ? fresh : takeReport(fresh, report, now);
}
