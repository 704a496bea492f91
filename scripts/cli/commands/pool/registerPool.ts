import type { Command } from 'commander';
import type { Registry } from '../../action.ts';
import { registerDrain } from './drain.ts';
import { registerForecast } from './forecast.ts';
import { registerShow } from './show.ts';
import { registerTeams } from './teams.ts';
import { registerUsage } from './usage.ts';
import { registerWatch } from './watch.ts';
import { registerWhatIf } from './whatIf.ts';
import { registerWhy } from './why.ts';

/** In the order of `berth pool --help`; one file a subcommand. */
const registrations: ((registry: Registry, group: Command) => void)[] = [
  registerShow,
  registerWatch,
  registerWhy,
  registerWhatIf,
  registerDrain,
  registerTeams,
  registerUsage,
  registerForecast,
];

export function registerPool(registry: Registry): void {
  const group = registry.program
    .command('pool')
    .description('devices that are lent: who holds, who waits and why, teams');
  for (const register of registrations) register(registry, group);
}
