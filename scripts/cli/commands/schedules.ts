import type { Command } from 'commander';
import type { ScheduleInfo } from '../../../workers/client/schedules.ts';
import { defineAction, type Registry } from '../action.ts';
import { askConsent } from '../consent.ts';
import { formatTable } from '../format/table.ts';

interface Flags {
  yes?: boolean;
}

export function registerSchedules(registry: Registry): void {
  const group = registry.program.command('schedules').description('list and steer schedules');
  const list = group.command('list', { isDefault: true }).description('all schedules');
  defineAction(registry, list, async ({ berth }) => {
    const schedules = await berth.schedules.list();
    return { json: schedules, text: formatSchedules(schedules) };
  });
  registerSteering(registry, group, 'pause', 'skip the starts until unpaused');
  registerSteering(registry, group, 'unpause', 'start again when due');
  registerSteering(registry, group, 'trigger', 'start its job now, unless one is running');
  const remove = group
    .command('delete')
    .description('forget a schedule; a job under way goes on')
    .argument('<id>', 'as berth schedules lists it')
    .option('--yes', 'do not ask');
  defineAction<Flags>(registry, remove, async ({ cli, berth, options }, id = '') => {
    const question = `Delete schedule ${id}?`;
    if (!(await askConsent(cli, options.yes, `delete schedule ${id}`, question))) {
      return { json: { id, done: false }, text: 'nothing deleted', exitCode: 1 };
    }
    await berth.schedules.delete(id);
    return { json: { id, done: true }, text: `schedule ${id} deleted` };
  });
}

function registerSteering(
  registry: Registry,
  group: Command,
  verb: 'pause' | 'unpause' | 'trigger',
  description: string,
): void {
  const command = group
    .command(verb)
    .description(description)
    .argument('<id>', 'as berth schedules lists it');
  defineAction(registry, command, async ({ berth }, id = '') => {
    await berth.schedules[verb](id);
    return { json: { id, done: true }, text: `schedule ${id}: ${pastTense[verb]}` };
  });
}

const pastTense = { pause: 'paused', unpause: 'unpaused', trigger: 'triggered' };

export function formatSchedules(schedules: ScheduleInfo[]): string {
  if (schedules.length === 0) return 'no schedules';
  const rows = schedules.map((schedule) => [
    schedule.id,
    schedule.workflow,
    schedule.paused ? 'paused' : 'active',
    schedule.nextRuns[0] ?? '-',
    schedule.recentRuns[0]?.startedAt ?? '-',
  ]);
  return formatTable(['schedule', 'runs', 'state', 'next', 'last'], rows);
}
