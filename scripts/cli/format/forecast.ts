import type { DemandForecast } from '../../../activities/usage/forecast/forecastDemand.ts';
import type { ForecastError } from '../../../activities/usage/forecast/seasonal.ts';
import { type Alignment, formatTable } from './table.ts';
import { formatPercent } from './units.ts';

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Hours of the day as lines, days of the week as columns. */
export function formatForecast(forecast: DemandForecast): string {
  if (forecast.suggested === null) return forecast.caveat ?? 'nothing is recorded';
  const rows = Array.from({ length: 24 }, (_, hour) => [
    `${String(hour).padStart(2, '0')}:00`,
    ...days.map((_, day) => formatDevices(forecast.hourOfWeek[day * 24 + hour]?.mean)),
  ]);
  const right: Alignment[] = days.map(() => 'right');
  return [
    'devices wanted on average, by hour of the week (UTC)',
    formatTable(['', ...days], rows, ['left', ...right]),
    suggestion(forecast.suggested),
    ...errors(forecast),
    ...(forecast.caveat === null ? [] : [`note: ${forecast.caveat}`]),
  ].join('\n');
}

const formatDevices = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : value.toFixed(1);

function suggestion(suggested: NonNullable<DemandForecast['suggested']>): string {
  const { devices, peakP90, targetUtilization } = suggested;
  const target = formatPercent(targetUtilization);
  return `suggested: ${devices} devices (90 % of hourly peaks are at most ${peakP90.toFixed(1)}, at ${target} in use)`;
}

function errors({ error }: DemandForecast): string[] {
  if (error === null) return [];
  const words = ({ mae, wape }: ForecastError): string =>
    `${mae.toFixed(2)} devices${wape === null ? '' : ` (${formatPercent(wape)})`}`;
  return [
    `error against the last week: ${words(error.forecast)}; the same hour of the week before: ${words(error.naive)}`,
  ];
}
