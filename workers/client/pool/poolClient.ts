import type {
  Explanation,
  PoolDescription,
  WhatIfAnswer,
  WhatIfChange,
} from '../../../workflows/contracts/pool/description.ts';
import type { DrainResult } from '../../../workflows/contracts/pool/messages.ts';
import type { TeamsConfig } from '../../../workflows/contracts/pool/teams.ts';

/**
 * One GPU pool. Times are ms since the Unix epoch, memory MiB, compute thousandths of a device. Errors:
 * InvalidRequest (the input has to change), StackUnavailable (no such pool runs, or nobody serves it).
 */
export interface PoolClient {
  /** Hosts, devices, leases, queue, teams. */
  describe(): Promise<PoolDescription>;
  /**
   * Why something waits, with numbers. `name`: a request, lease or workflow id, or the beginning of
   * one that no other has.
   */
  explain(name: string): Promise<Explanation>;
  /** Whether a request would start if the pool were different. Changes nothing. */
  whatIf(change: WhatIfChange): Promise<WhatIfAnswer>;
  /**
   * Lends a device no more; `target` is its id or label, or a host's id. `revoke`: what holds it gets
   * notice, instead of ending by itself.
   */
  drain(target: string, options?: { revoke?: boolean }): Promise<DrainResult>;
  undrain(target: string): Promise<DrainResult>;
  /** Sets teams, reservations and prices all at once: a configuration, or the path of a teams file. */
  applyTeams(teams: TeamsConfig | string): Promise<{ teams: number }>;
}
