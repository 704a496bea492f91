import type { DemandForecast } from '../../../activities/usage/forecast/forecastDemand.ts';
import type { Profile } from '../../../activities/usage/profiles/learnProfile.ts';
import type { Grouping } from '../../../activities/usage/report/pieces.ts';
import type { Prices } from '../../../activities/usage/report/prices.ts';
import type { UsageReport } from '../../../activities/usage/report/usageReport.ts';

export interface UsageOptions {
  /** Time back such as `7d`, or a date such as `2026-03-01` (UTC); default `7d`. */
  since?: string;
  /** With every team below it; default all. */
  team?: string;
  /** Default `team`. */
  by?: Grouping;
  /** Default: those of the pool's teams file, while its stack runs. */
  prices?: Prices;
}

export interface ForecastOptions {
  /** Past weeks to look at, 1 to 104; default 8. */
  weeks?: number;
  /** How busy devices are to be at the 90th percentile of hourly peaks; default 0.8. */
  targetUtilization?: number;
}

/**
 * What the leases of a pool that have ended tell. Reads the database that BERTH_USAGE names; needs no
 * running stack, but only a running pool tells its prices and what is waiting or held now. Errors:
 * InvalidRequest (an option), StackUnavailable (the database cannot be read).
 */
export interface UsageClient {
  /** Device hours, waits, how busy what was leased was, and what it cost. */
  report(options?: UsageOptions): Promise<UsageReport>;
  /** Demand by hour of the week, its error, and the number of devices that serves it. */
  forecast(options?: ForecastOptions): Promise<DemandForecast>;
  /** What past leases of a model (its contentDigest) or command were like; null with fewer than three. */
  profile(profileKey: string): Promise<Profile | null>;
}
