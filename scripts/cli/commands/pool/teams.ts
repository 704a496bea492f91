import type { Command } from 'commander';
import { readTeamsFile } from '../../../../workers/pool/teamsFile.ts';
import type { Registry } from '../../action.ts';
import { formatPrices, formatReservations } from '../../format/poolReservations.ts';
import { formatTeams } from '../../format/poolTeams.ts';
import { definePoolAction } from './poolAction.ts';

/** `pool teams show` and `pool teams apply`. */
export function registerTeams(registry: Registry, group: Command): void {
  const teams = group.command('teams').description('quotas, limits and weights');
  const show = teams
    .command('show', { isDefault: true })
    .description('what each team may have and what it uses; reservations and prices');
  definePoolAction(registry, show, async ({ pool }) => {
    const description = await pool.describe();
    const { teams, reservations, prices, currency } = description;
    const parts = [formatTeams(teams), formatReservations(reservations)];
    return {
      json: { teams, reservations, prices, currency },
      text: [...parts, formatPrices(prices, currency)].filter((part) => part !== '').join('\n\n'),
    };
  });
  const apply = teams
    .command('apply')
    .description('set teams, reservations and prices from a file, all at once')
    .argument('<file>', 'YAML as in docs/teams.yaml');
  definePoolAction(registry, apply, async ({ pool }, file = '') => {
    const config = await readTeamsFile(file);
    const result = await pool.applyTeams(config);
    const reservations = config.reservations.length;
    return {
      json: { ...result, reservations },
      text: `${file}: ${result.teams} top-level teams and ${reservations} reservations applied`,
    };
  });
}
