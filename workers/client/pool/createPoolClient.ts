import type {
  Explanation,
  PoolDescription,
  WhatIfAnswer,
} from '../../../workflows/contracts/pool/description.ts';
import {
  type DrainInput,
  type DrainResult,
  poolQueries,
  poolUpdates,
} from '../../../workflows/contracts/pool/messages.ts';
import { readTeamsFile } from '../../pool/teamsFile.ts';
import type { Session } from '../session.ts';
import { findRequest } from './findRequest.ts';
import { createPoolCalls } from './poolCalls.ts';
import type { PoolClient } from './poolClient.ts';

/**
 * @param open Connects, on the first call.
 * @param answerMs How long an answer is waited for.
 * @throws BerthError InvalidRequest when `pool` is no name of a pool
 */
export function createPoolClient(
  open: () => Promise<Pick<Session, 'client'>>,
  pool?: string,
  answerMs?: number,
): PoolClient {
  const { query, update } = createPoolCalls(open, pool, answerMs);
  const describe = () => query<PoolDescription>(poolQueries.describe);
  const drain = (input: DrainInput) => update<DrainResult>(poolUpdates.drain, input);
  return {
    describe,
    async explain(name) {
      const requestId = findRequest(await describe(), name);
      return query<Explanation>(poolQueries.explain, requestId);
    },
    whatIf: (change) => query<WhatIfAnswer>(poolQueries.whatIf, change),
    drain: (target, { revoke = false } = {}) => drain({ target, drain: true, revoke }),
    undrain: (target) => drain({ target, drain: false, revoke: false }),
    async applyTeams(teams) {
      const config = typeof teams === 'string' ? await readTeamsFile(teams) : teams;
      return update<{ teams: number }>(poolUpdates.applyTeams, config);
    },
  };
}
