import { defineAction, type Registry } from '../action.ts';

export function registerCancel(registry: Registry): void {
  const command = registry.program
    .command('cancel')
    .description('stop a job and wait until it has tidied up')
    .argument('<workflow-id>', 'as ingest --detach printed it');
  defineAction(registry, command, async ({ berth }, workflowId = '') => {
    const result = await berth.cancel(workflowId);
    return result.cancelled
      ? { json: result, text: `${workflowId}: cancelled; nothing was published` }
      : { json: result, text: `${workflowId}: was done before`, exitCode: 1 };
  });
}
