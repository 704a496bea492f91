import type { Command } from 'commander';
import { reasonText } from '../../../../workflows/scheduling/explain/reasonText.ts';
import type { Registry } from '../../action.ts';
import { definePoolAction } from './poolAction.ts';

export function registerWhy(registry: Registry, group: Command): void {
  const command = group
    .command('why')
    .description('why a request waits, in numbers')
    .argument('<request>', 'id of a request, lease or workflow, or the beginning of one');
  definePoolAction(registry, command, async ({ pool }, name = '') => {
    const explanation = await pool.explain(name);
    const reasons = explanation.reasons.map((reason) => `  ${reasonText(reason, Date.now())}`);
    const text = [explanation.text, ...(reasons.length > 1 ? reasons : [])].join('\n');
    return { json: explanation, text };
  });
}
