import { hourOfWeek, hoursOfWeek } from './demand.ts';

/**
 * Weight of a week relative to the one after it. Below 1, so that demand which changes is followed; a
 * weight of 0.7 averages over about three weeks (1 / (1 − 0.7)), so that one odd week is damped.
 */
export const weekWeight = 0.7;

/**
 * Seasonal mean (exponential smoothing of each hour of the week by itself): for each of the 168 hours of
 * the week the mean of its past values, each week before counting `weekWeight` times the next. Null for
 * an hour that was never seen.
 * @param firstHour Of `values`, counted from the Unix epoch.
 */
export function seasonalMean(values: readonly number[], firstHour: number): (number | null)[] {
  const sums = new Array<number>(hoursOfWeek).fill(0);
  const weights = new Array<number>(hoursOfWeek).fill(0);
  for (const [index, value] of values.entries()) {
    const weight = weekWeight ** Math.floor((values.length - 1 - index) / hoursOfWeek);
    const hour = hourOfWeek(firstHour + index);
    sums[hour] = (sums[hour] ?? 0) + weight * value;
    weights[hour] = (weights[hour] ?? 0) + weight;
  }
  return sums.map((sum, hour) => {
    const weight = weights[hour] ?? 0;
    return weight > 0 ? sum / weight : null;
  });
}

/** How far a forecast was from what came. */
export interface ForecastError {
  /** Mean absolute error, devices. */
  mae: number;
  /** Sum of absolute errors over the sum of what came; null when nothing came. */
  wape: number | null;
}

export interface Backtest {
  /** The seasonal mean of all weeks before the last one, against the last one. */
  forecast: ForecastError;
  /** The same hour of the week before, against the last one. */
  naive: ForecastError;
}

/** Forecasts the last week from what was known before it; null with less than two weeks. */
export function backtest(values: readonly number[], firstHour: number): Backtest | null {
  const split = values.length - hoursOfWeek;
  if (split < hoursOfWeek) return null;
  const [past, last] = [values.slice(0, split), values.slice(split)];
  const means = seasonalMean(past, firstHour);
  const forecast = last.map((_, index) => means[hourOfWeek(firstHour + split + index)] ?? 0);
  const naive = past.slice(-hoursOfWeek);
  return { forecast: errorOf(forecast, last), naive: errorOf(naive, last) };
}

export function errorOf(forecast: readonly number[], actual: readonly number[]): ForecastError {
  const errors = actual.map((value, index) => Math.abs(value - (forecast[index] ?? 0)));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const total = sum(actual);
  return {
    mae: actual.length === 0 ? 0 : sum(errors) / actual.length,
    wape: total > 0 ? sum(errors) / total : null,
  };
}
