import {
  hourMs,
  hoursOfWeek,
  type Want,
  wantsOf,
} from '../../../activities/usage/forecast/demand.ts';
import { forecastDemand } from '../../../activities/usage/forecast/forecastDemand.ts';
import { openUsageStore } from '../../../activities/usage/openUsageStore.ts';
import { learnProfile } from '../../../activities/usage/profiles/learnProfile.ts';
import { groupings } from '../../../activities/usage/report/pieces.ts';
import type { Prices } from '../../../activities/usage/report/prices.ts';
import { reportUsage } from '../../../activities/usage/report/usageReport.ts';
import type { UsageLocation } from '../../../activities/usage/usageLocation.ts';
import type { UsageStore } from '../../../activities/usage/usageStore.ts';
import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import { teamPattern } from '../../../workflows/contracts/pool/teams.ts';
import type { UsageClient } from './usageClient.ts';
import { usageSince } from './usageSince.ts';

export interface UsageClientDeps {
  location: UsageLocation;
  pool: string;
  /** Of the pool as it is now. */
  describe(): Promise<PoolDescription>;
  now(): number;
}

export function createUsageClient(deps: UsageClientDeps): UsageClient {
  const { location, pool, now } = deps;

  async function reading<T>(read: (store: UsageStore) => Promise<T>): Promise<T> {
    const store = await openUsageStore(location);
    try {
      return await read(store);
    } finally {
      await store.close();
    }
  }

  /** What is recorded can be read while nothing runs. */
  async function present(): Promise<PoolDescription | undefined> {
    try {
      return await deps.describe();
    } catch (error) {
      if (error instanceof BerthError && error.type === 'StackUnavailable') return undefined;
      throw error;
    }
  }

  return {
    async report({ since = '7d', team, by = 'team', prices } = {}) {
      checkTeam(team);
      requireOneOf('--by', by, groupings);
      const to = now();
      const from = usageSince(since, to);
      const known = prices ?? pricesOf(await present());
      return reading(async (store) => {
        const filter = { pool, since: from, team };
        const records = await store.leases(filter);
        const uses = await store.uses(filter);
        return reportUsage({ records, uses, by, from, to, prices: known });
      });
    },

    async forecast({ weeks = 8, targetUtilization } = {}) {
      requireIn('--weeks', weeks, 1, 104, true);
      if (targetUtilization !== undefined) requireIn('--target', targetUtilization, 0.1, 1, false);
      const at = now();
      const since = at - weeks * hoursOfWeek * hourMs;
      const ended = await reading((store) => store.leases({ pool, since }));
      const wants = [...wantsOf(ended), ...openWants(await present(), at)];
      return forecastDemand({ wants, now: at, weeks, targetUtilization });
    },

    async profile(profileKey) {
      // Old ones may have been of another version of the work.
      const filter = { profileKey, pool, limit: 100 };
      return reading(async (store) =>
        learnProfile(profileKey, await store.leases(filter), await store.uses(filter)),
      );
    },
  };
}

/** What waits or is held now has wanted all along, and is not recorded before it ends. */
function openWants(pool: PoolDescription | undefined, now: number): Want[] {
  if (pool === undefined) return [];
  const held = pool.leases.map(({ grantedAt, devices }) => ({
    ...{ from: grantedAt, to: now },
    milli: devices.reduce((sum, { milli }) => sum + milli, 0),
  }));
  const waiting = pool.queue.map(({ submittedAt, resources }) => ({
    ...{ from: submittedAt, to: now },
    milli: resources.devices * resources.milli,
  }));
  return [...held, ...waiting];
}

const pricesOf = (pool: PoolDescription | undefined): Prices | null =>
  pool === undefined || Object.keys(pool.prices).length === 0
    ? null
    : { prices: pool.prices, currency: pool.currency };

function checkTeam(team: string | undefined): void {
  if (team === undefined || teamPattern.test(team)) return;
  throw berthError('InvalidRequest', `--team ${team}: expected a path such as research/nlp`);
}

function requireOneOf(option: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw berthError('InvalidRequest', `${option} ${value}: expected one of ${known.join(', ')}`);
}

function requireIn(option: string, value: number, min: number, max: number, whole: boolean): void {
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return;
  const kind = whole ? 'a whole number' : 'a number';
  throw berthError('InvalidRequest', `${option} ${value}: expected ${kind} from ${min} to ${max}`);
}
