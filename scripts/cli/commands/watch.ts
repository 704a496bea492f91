import { defineAction, type Registry } from '../action.ts';
import { followJob } from '../followJob.ts';

export function registerWatch(registry: Registry): void {
  const command = registry.program
    .command('watch')
    .description('follow a job that was started elsewhere')
    .argument('<workflow-id>', 'as ingest --detach printed it');
  defineAction(registry, command, async ({ cli, berth }, workflowId = '') =>
    followJob(cli, await berth.attach(workflowId)),
  );
}
