import { defineAction, type Registry } from '../action.ts';
import { followBackfill } from '../followBackfill.ts';
import { followJob } from '../followJob.ts';

export function registerWatch(registry: Registry): void {
  const command = registry.program
    .command('watch')
    .description('follow a job that was started elsewhere')
    .argument('<workflow-id>', 'as --detach printed it');
  defineAction(registry, command, async ({ cli, berth }, workflowId = '') =>
    isBackfill(workflowId)
      ? followBackfill(cli, await berth.attachBackfill(workflowId))
      : followJob(cli, await berth.attach(workflowId)),
  );
}

/** By its id, as Berth and its schedules make them. */
const isBackfill = (workflowId: string): boolean => workflowId.startsWith('backfill/');
