import type { Command } from 'commander';
import type { Registry } from '../../action.ts';
import { formatPool } from '../../format/pool.ts';
import { definePoolAction } from './poolAction.ts';

export function registerShow(registry: Registry, group: Command): void {
  const command = group
    .command('show', { isDefault: true })
    .description('devices, holders, what is free, and the queue');
  definePoolAction(registry, command, async ({ pool }) => {
    const description = await pool.describe();
    return { json: description, text: formatPool(description) };
  });
}
