import type { Command } from 'commander';
import type { BackfillHandle } from '../../../workers/client/backfill/backfillHandle.ts';
import type { ControlChange } from '../../../workflows/contracts/backfill/messages.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { defineAction, type Registry } from '../action.ts';
import type { Cli, Outcome } from '../cli.ts';
import { followBackfill } from '../followBackfill.ts';
import { formatControl } from '../format/backfill.ts';
import { addBackfillOptions, type BackfillFlags, toBackfillOptions } from './backfillOptions.ts';

export function registerBackfill(registry: Registry): void {
  const group = registry.program
    .command('backfill')
    .description('fill vector stores with a corpus, or steer a job that does');
  const start = addBackfillOptions(
    group
      .command('start', { isDefault: true })
      .description('embed a source into a collection, verify it, switch to it'),
  ).option('--detach', 'return when the job has started');
  defineAction<BackfillFlags & { detach?: boolean }>(
    registry,
    start,
    async ({ cli, berth, options }, source = '') =>
      begin(
        cli,
        await berth.backfill(await toBackfillOptions(source, options)),
        options.detach === true,
      ),
  );
  registerControl(registry, group, 'pause', 'finish the pages under way and wait', () => ({
    paused: true,
  }));
  registerControl(registry, group, 'resume', 'go on', () => ({ paused: false }));
  registerRate(registry, group);
  const replay = group
    .command('replay')
    .description('try the dead letters of a job that has ended again')
    .argument('<workflow-id>', 'such as backfill/docs')
    .option('--detach', 'return when the job has started');
  defineAction<{ detach?: boolean }>(
    registry,
    replay,
    async ({ cli, berth, options }, workflowId = '') =>
      begin(cli, await berth.replayBackfill(workflowId), options.detach === true),
  );
}

async function begin(cli: Cli, handle: BackfillHandle, detach: boolean): Promise<Outcome> {
  const { workflowId, url } = handle;
  if (detach) return { json: { workflowId }, text: workflowId };
  cli.stderr.write(`${workflowId}${url ? `\n${url}` : ''}\n`);
  return followBackfill(cli, handle);
}

function registerControl<O>(
  registry: Registry,
  group: Command,
  verb: string,
  description: string,
  change: (options: O) => ControlChange,
  addOptions: (command: Command) => Command = (command) => command,
): void {
  const command = addOptions(
    group.command(verb).description(description).argument('<workflow-id>', 'such as backfill/docs'),
  );
  defineAction<O>(registry, command, async ({ berth, options }, workflowId = '') => {
    const changed = change(options);
    const control = await (await berth.attachBackfill(workflowId)).control(changed);
    return { json: { workflowId, control }, text: `${workflowId}: ${formatControl(control)}` };
  });
}

function registerRate(registry: Registry, group: Command): void {
  registerControl<{ recordsPerSecond?: string; concurrency?: string }>(
    registry,
    group,
    'rate',
    'change how fast it goes',
    ({ recordsPerSecond, concurrency }) => {
      if (recordsPerSecond === undefined && concurrency === undefined) {
        throw berthError(
          'InvalidRequest',
          'rate: expected --records-per-second <n>, --concurrency <n> or both',
        );
      }
      return {
        ...(recordsPerSecond === undefined ? {} : { recordsPerSecond: toRate(recordsPerSecond) }),
        ...(concurrency === undefined ? {} : { concurrency: toConcurrency(concurrency) }),
      };
    },
    (command) =>
      command
        .option('--records-per-second <n>', 'over the whole job, or "unlimited"')
        .option('--concurrency <n>', 'partitions at a time, a device each'),
  );
}

function toRate(text: string): number | null {
  if (text === 'unlimited') return null;
  const rate = Number(text);
  if (text.trim() !== '' && Number.isFinite(rate) && rate > 0) return rate;
  throw berthError(
    'InvalidRequest',
    `records per second ${JSON.stringify(text)}: expected a positive number or "unlimited"`,
  );
}

function toConcurrency(text: string): number {
  const concurrency = Number(text);
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64) return concurrency;
  throw berthError(
    'InvalidRequest',
    `concurrency ${JSON.stringify(text)}: expected a whole number from 1 to 64`,
  );
}
