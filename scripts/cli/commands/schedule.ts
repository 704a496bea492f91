import type { Command } from 'commander';
import type { ScheduleSettings } from '../../../workers/client/scheduledJobs.ts';
import type { EnsuredSchedule } from '../../../workers/client/schedules.ts';
import { defineAction, type Registry } from '../action.ts';
import type { Outcome } from '../cli.ts';
import { addBackfillOptions, type BackfillFlags, toBackfillOptions } from './backfillOptions.ts';
import { addIngestOptions, type IngestFlags, toIngestOptions } from './ingestOptions.ts';

interface WarmFlags {
  pin?: boolean;
  lock?: boolean;
}

export function registerSchedule(registry: Registry): void {
  const group = registry.program
    .command('schedule')
    .description('run a job regularly; the same command again changes the schedule in place');
  const ingest = addTiming(
    addIngestOptions(group.command('ingest').description('bring a model in regularly')),
  );
  defineAction<IngestFlags & ScheduleSettings>(
    registry,
    ingest,
    async ({ berth, options }, source = '') =>
      report(
        await berth.schedules.ensureIngest(toIngestOptions(source, options), toSettings(options)),
      ),
  );
  const backfill = addTiming(
    addBackfillOptions(group.command('backfill').description('fill a collection regularly')),
  );
  defineAction<BackfillFlags & ScheduleSettings>(
    registry,
    backfill,
    async ({ berth, options }, source = '') =>
      report(
        await berth.schedules.ensureBackfill(
          await toBackfillOptions(source, options),
          toSettings(options),
        ),
      ),
  );
  const warm = addTiming(
    group
      .command('warm')
      .description('warm a model regularly')
      .argument('<ref>', 'name, name:tag or name@sha256:<digest>')
      .option('--pin', 'never evict it to make room')
      .option('--lock', 'lock it into RAM'),
  );
  defineAction<WarmFlags & ScheduleSettings>(
    registry,
    warm,
    async ({ berth, options }, ref = '') => {
      const { pin, lock } = options;
      return report(await berth.schedules.ensureWarm(ref, { pin, lock }, toSettings(options)));
    },
  );
}

function addTiming(command: Command): Command {
  return command
    .option('--cron <expression>', 'when, such as "0 2 * * *" for 02:00 daily (UTC)')
    .option('--every <duration>', 'how often, such as 24h')
    .option('--timezone <name>', 'time zone of --cron, such as Europe/Berlin')
    .option('--jitter <duration>', 'spread the starts over this long')
    .option('--catchup-window <duration>', 'make up for starts missed this long', '1h')
    .option('--id <id>', 'name of the schedule');
}

function toSettings(flags: ScheduleSettings): ScheduleSettings {
  const { cron, every, timezone, jitter, catchupWindow, id } = flags;
  return { cron, every, timezone, jitter, catchupWindow, id };
}

function report(ensured: EnsuredSchedule): Outcome {
  return { json: ensured, text: `schedule ${ensured.id} ${ensured.action}` };
}
