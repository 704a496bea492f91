import type { Command } from 'commander';
import type { Grouping } from '../../../../activities/usage/report/pieces.ts';
import { readTeamsFile } from '../../../../workers/pool/teamsFile.ts';
import type { Registry } from '../../action.ts';
import { formatUsage } from '../../format/usage.ts';
import { definePoolAction } from './poolAction.ts';

interface UsageFlags {
  since: string;
  team?: string;
  by: Grouping;
  prices?: string;
  pool?: string;
}

export function registerUsage(registry: Registry, group: Command): void {
  const command = group
    .command('usage')
    .description('device hours, waits, utilisation and cost of leases that have ended')
    .option('--since <when>', 'time back such as 30d, or a date such as 2026-03-01 (UTC)', '7d')
    .option('--team <path>', 'only that team and those below it')
    .option('--by <what>', 'team, model, label or day', 'team')
    .option('--prices <file>', "prices of that teams file (default: the running pool's)");
  definePoolAction<UsageFlags>(registry, command, async ({ berth, options }) => {
    const { since, team, by, pool } = options;
    const prices = options.prices === undefined ? undefined : await readTeamsFile(options.prices);
    const report = await berth.usage(pool).report({ since, team, by, prices });
    return { json: report, text: formatUsage(report) };
  });
}
