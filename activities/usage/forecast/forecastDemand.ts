import { quantile } from 'simple-statistics';
import { demandSeries, hourMs, hourOfWeek, hoursOfWeek, type Want } from './demand.ts';
import { type Backtest, backtest, seasonalMean } from './seasonal.ts';

export interface ForecastInput {
  /** What was and is wanted; what goes on ends at `now`. */
  wants: readonly Want[];
  /** ms since the Unix epoch. */
  now: number;
  /** So many of the last weeks are looked at. */
  weeks: number;
  /** How busy devices are to be at such a peak, 0 to 1. */
  targetUtilization?: number;
}

export interface DemandForecast {
  /** Full hours that it rests on. */
  hours: number;
  /** For each hour of the week from Monday 00:00 UTC, devices; null for one never seen. */
  hourOfWeek: { mean: number | null; peak: number | null }[];
  /** For each of the next 24 hours, the mean; the first is the hour that goes on. */
  next24: (number | null)[];
  /** Against the last week, in mean devices; null with less than two weeks of records. */
  error: Backtest | null;
  /** Null when no full hour was recorded. */
  suggested: { devices: number; peakP90: number; targetUtilization: number } | null;
  /** What limits its worth, in a line for people; null when nothing does. */
  caveat: string | null;
}

/** Busier than that and a device that fails, or a burst, makes everybody wait. */
const usualTarget = 0.8;

/**
 * Demand for devices by hour of the week, from what was waited for and held, and the number of devices
 * that serves the 90th percentile of the week's hourly peaks at the target utilisation. Pure.
 */
export function forecastDemand(input: ForecastInput): DemandForecast {
  const { now, weeks, targetUtilization = usualTarget } = input;
  const all = demandSeries(input.wants, now);
  const skipped = Math.max(0, all.mean.length - weeks * hoursOfWeek);
  const firstHour = all.firstHour + skipped;
  const means = all.mean.slice(skipped);
  const peaks = all.peak.slice(skipped);
  const mean = seasonalMean(means, firstHour);
  const peak = seasonalMean(peaks, firstHour);
  const expected = peak.filter((value): value is number => value !== null);
  const peakP90 = expected.length === 0 ? 0 : quantile(expected, 0.9);
  const thisHour = Math.floor(now / hourMs);
  return {
    hours: means.length,
    hourOfWeek: mean.map((value, hour) => ({ mean: value, peak: peak[hour] ?? null })),
    next24: Array.from({ length: 24 }, (_, ahead) => mean[hourOfWeek(thisHour + ahead)] ?? null),
    error: backtest(means, firstHour),
    suggested:
      means.length === 0
        ? null
        : { devices: devicesFor(peakP90, targetUtilization), peakP90, targetUtilization },
    caveat: caveatOf(means.length),
  };
}

/** Rounding errors of sums do not cost a device. */
const devicesFor = (peak: number, target: number): number => Math.ceil(peak / target - 1e-9);

function caveatOf(hours: number): string | null {
  const days = (hours / 24).toFixed(1);
  if (hours === 0) return 'no full hour is recorded yet: nothing can be said';
  if (hours < hoursOfWeek) {
    return `only ${days} days are recorded: hours of the week not seen yet are left open, and the suggestion rests on what was seen`;
  }
  if (hours < 2 * hoursOfWeek) {
    return `only ${days} days are recorded: each hour of the week was seen once or twice, and the error cannot be told before two weeks`;
  }
  return null;
}
