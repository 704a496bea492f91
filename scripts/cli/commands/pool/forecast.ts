import type { Command } from 'commander';
import type { Registry } from '../../action.ts';
import { formatForecast } from '../../format/forecast.ts';
import { definePoolAction } from './poolAction.ts';

interface ForecastFlags {
  weeks: string;
  target: string;
  pool?: string;
}

export function registerForecast(registry: Registry, group: Command): void {
  const command = group
    .command('forecast')
    .description('demand by hour of the week, its error, and how many devices serve it')
    .option('--weeks <n>', 'past weeks to look at', '8')
    .option('--target <share>', 'how busy devices are to be at a usual peak, 0.1 to 1', '0.8');
  definePoolAction<ForecastFlags>(registry, command, async ({ berth, options }) => {
    const forecast = await berth.usage(options.pool).forecast({
      weeks: toNumber(options.weeks),
      targetUtilization: toNumber(options.target),
    });
    return { json: forecast, text: formatForecast(forecast) };
  });
}

/** NaN, which no range holds, for what is no number. */
const toNumber = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN);
