import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { BerthError, berthError } from '../../../../workflows/contracts/errors.ts';
import type { Registry } from '../../action.ts';
import { createPoolView } from '../../progress/poolView.ts';
import { waitForInterrupt } from '../../waitForInterrupt.ts';
import { definePoolAction } from './poolAction.ts';

interface Flags {
  interval: string;
}

export function registerWatch(registry: Registry, group: Command): void {
  const command = group
    .command('watch')
    .description(
      'the same, live, until Ctrl-C; without a terminal, or with --json, a line a change',
    )
    .option('--interval <seconds>', 'between two looks', '2');
  definePoolAction<Flags>(registry, command, async ({ cli, pool, options }) => {
    const intervalMs = readInterval(options.interval);
    const view = createPoolView(cli.stdout, options.json === true);
    const { interrupted, stop } = waitForInterrupt(cli);
    try {
      view.update(await pool.describe());
      while ((await Promise.race([interrupted, delay(intervalMs)])) !== 'interrupted') {
        try {
          view.update(await pool.describe());
        } catch (error) {
          // Who watches a pool wants to see it come back.
          if (!(error instanceof BerthError) || error.type !== 'StackUnavailable') throw error;
          cli.stderr.write(`${error.message}\n`);
        }
      }
    } finally {
      stop();
      view.stop();
    }
    return { json: undefined, text: '' };
  });
}

function readInterval(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.01 && seconds <= 3600) return seconds * 1000;
  throw berthError(
    'InvalidRequest',
    `--interval ${JSON.stringify(text)}: expected seconds from 0.01 to 3600`,
  );
}
